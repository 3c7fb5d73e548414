//! Which rows are the same, and which need no answer of a service.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::StatementFaults;
use crate::function::{Argument, Caller, Function, Job, Options, Question, Refusal, Rendering, Row, Whose};

/// The distinct rows of a batch, in the order in which they first come, and which of them each row is.
#[derive(Debug)]
pub struct Plan<'a> {
    distinct: Vec<Result<Job<'a>, Refusal>>,
    /// For each distinct row, the place of the row in which it first comes.
    firsts: Vec<u32>,
    rows: Vec<Option<u32>>,
    rendering: Rendering,
    /// For how many hours answers may serve other statements, as the rows say it; none where one leaves that to the setting.
    hours: BTreeSet<Option<u64>>,
}

impl<'a> Plan<'a> {
    /// Checks and plans the rows of a caller who does not say who it is.
    pub fn of(function: &'a dyn Function, rows: &'a [Vec<Argument<'a>>]) -> Self {
        Self::asked_by(Caller::default(), function, rows)
    }

    /// Checks and plans the rows. A row that is NULL for a NULL among its arguments is no distinct row.
    pub fn asked_by(caller: Caller<'a>, function: &'a dyn Function, rows: &'a [Vec<Argument<'a>>]) -> Self {
        let rendering = function.rendering();
        let options = function.parameters().iter().position(|parameter| parameter.name == "options");
        let mut plan = Self {
            distinct: Vec::new(),
            firsts: Vec::new(),
            rows: Vec::with_capacity(rows.len()),
            rendering,
            hours: BTreeSet::new(),
        };
        let mut asked: HashMap<Question<'a>, u32> = HashMap::with_capacity(rows.len());
        let mut refused: HashMap<&'a [Argument<'a>], u32> = HashMap::new();
        for arguments in rows {
            let row = Row::new(arguments, caller);
            if row.is_null(function.parameters()) {
                plan.rows.push(None);
                continue;
            }
            let hours = options.and_then(|place| Options::shared_answers_hours(row.get(place)?));
            let prepared = function.prepare(row).inspect(|_| _ = plan.hours.insert(hours));
            let number = match prepared {
                Ok(job) => match job.question.as_ref().and_then(|question| asked.get(question)) {
                    Some(number) => {
                        plan.merge(*number, &job);
                        *number
                    }
                    None => {
                        let question = job.question.clone();
                        let number = plan.push(Ok(job));
                        question.map(|question| asked.insert(question, number));
                        number
                    }
                },
                Err(refusal) => *refused.entry(arguments).or_insert_with(|| plan.push(Err(refusal))),
            };
            plan.rows.push(Some(number));
        }
        plan
    }

    /// For how long the answers of the batch serve other statements, where the setting says so long: what its rows say counts, and the least of it.
    pub fn shared_answers(&self, setting: Duration) -> Duration {
        self.hours.iter().map(|hours| hours.map_or(setting, Duration::from_hours)).min().unwrap_or(setting)
    }

    /// What one of equal rows must have, the others get.
    fn merge(&mut self, number: u32, job: &Job<'_>) {
        if let Ok(first) = &mut self.distinct[super::index(number)] {
            first.must_be_answered |= job.must_be_answered;
        }
    }

    /// Adds what the next row asks for.
    fn push(&mut self, row: Result<Job<'a>, Refusal>) -> u32 {
        self.distinct.push(row);
        // Lambda's 6 MB hold fewer rows than that by far.
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.firsts.push(number(self.rows.len()));
        number(self.distinct.len() - 1)
    }

    /// By what a distinct row is known between invocations: the place of the row in which it first comes. Which rows are the same, and so their
    /// numbers, may change with a setting.
    pub(super) fn first(&self, number: u32) -> u32 {
        self.firsts[super::index(number)]
    }

    /// The number of the distinct row that comes at this place.
    pub(super) fn at(&self, place: u32) -> Option<u32> {
        self.rows.get(super::index(place)).copied().flatten()
    }

    /// What each distinct row asks for, or why it is refused without being asked.
    pub fn distinct(&self) -> &[Result<Job<'a>, Refusal>] {
        &self.distinct
    }

    /// For each row, which distinct row it is; `None` for one that is NULL.
    pub fn rows(&self) -> &[Option<u32>] {
        &self.rows
    }

    /// How the outcomes are shown.
    pub fn rendering(&self) -> Rendering {
        self.rendering
    }

    /// What becomes of the statement's faults: they are data where the rendering has room for them, whatever the caller would have.
    pub fn statement_faults(&self, of_caller: StatementFaults) -> StatementFaults {
        match self.rendering {
            Rendering::Value | Rendering::Text => of_caller,
            Rendering::Envelope => StatementFaults::AreData,
        }
    }

    /// The first option that is unknown or cannot be.
    pub fn refused_option(&self) -> Option<&Refusal> {
        self.distinct.iter().filter_map(|row| row.as_ref().err()).find(|refusal| refusal.whose == Whose::Options)
    }

    /// Bytes of JSON that the values of all rows will have, as far as that is known before they are asked for.
    pub fn expected_bytes(&self) -> usize {
        let size = |row: &Option<u32>| match self.distinct.get(super::index((*row)?)) {
            Some(Ok(job)) => Some(job.expected_bytes),
            _ => None,
        };
        self.rows.iter().filter_map(size).sum()
    }

    /// The distinct rows that a service is asked for.
    pub fn jobs(&self) -> impl Iterator<Item = &Job<'a>> {
        self.distinct.iter().filter_map(|row| row.as_ref().ok())
    }
}
