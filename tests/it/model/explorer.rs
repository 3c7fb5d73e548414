//! Every sequence of choices, depth first: a schedule is replayed from its beginning up to the last choice that has
//! another way left, and takes that one. A state that was seen before is not gone on from.

use std::collections::HashSet;

/// The choices of the schedule that is being played, and the states that were seen in all of them.
#[derive(Default)]
pub struct Choices {
    path: Vec<Choice>,
    /// How many choices of `path` the schedule has made.
    made: usize,
    seen: HashSet<String>,
    is_repeated: bool,
}

struct Choice {
    taken: usize,
    of: usize,
}

/// What an exploration has covered.
#[derive(Debug)]
pub struct Explored {
    /// Schedules that were played, each from its beginning.
    pub schedules: usize,
    /// States in which there was something to choose, no two the same.
    pub states: usize,
    /// Most choices in one schedule.
    pub longest: usize,
}

impl Choices {
    /// Which of `of` ways to take from `state`; `None` when every way from there is known already.
    pub fn choose(&mut self, of: usize, state: impl FnOnce() -> String) -> Option<usize> {
        if self.made == self.path.len() {
            if !self.seen.insert(state()) {
                return None;
            }
            self.path.push(Choice { taken: 0, of });
        }
        let choice = &self.path[self.made];
        assert_eq!(choice.of, of, "the schedule does not repeat: something in it is not deterministic");
        self.made += 1;
        Some(choice.taken)
    }

    /// Whether the schedule was played before, and is played again for its account.
    pub fn is_repeated(&self) -> bool {
        self.is_repeated
    }

    /// Goes to the next schedule; `false` when there is none.
    fn next(&mut self) -> bool {
        self.made = 0;
        while self.path.last().is_some_and(|choice| choice.taken + 1 == choice.of) {
            self.path.pop();
        }
        match self.path.last_mut() {
            Some(choice) => {
                choice.taken += 1;
                true
            }
            None => false,
        }
    }
}

/// Plays every schedule, until one fails, which is played again.
pub fn explore<E>(mut play: impl FnMut(&mut Choices) -> Result<(), E>) -> Result<Explored, E> {
    let mut choices = Choices::default();
    let mut explored = Explored { schedules: 0, states: 0, longest: 0 };
    loop {
        explored.schedules += 1;
        if play(&mut choices).is_err() {
            (choices.made, choices.is_repeated) = (0, true);
            play(&mut choices)?;
        }
        explored.longest = explored.longest.max(choices.path.len());
        if !choices.next() {
            return Ok(Explored { states: choices.seen.len(), ..explored });
        }
    }
}
