//! Slots in time, that environments take from one track for each target.
//!
//! A slot is a time at which one call may start. The next free one is the theoretical arrival time of the generic cell rate
//! algorithm (ITU-T I.371): a number that only grows, so that to take slots is one write without a read, under a condition.

use std::fmt;

use futures_util::future::BoxFuture;

use super::pace::Pace;

/// Seconds of slots that environments take ahead, all together: at a known pace each then writes once in them, less the lead with which
/// it does so, and once more where the pace has changed.
pub const TURN: f64 = 1.25;

/// Seconds after which a track that nobody has used is tried carefully.
const IDLE: f64 = 60.0;

/// How much one turn counts in the number of environments at work.
const NEW: f64 = 0.3;

/// Where the tracks of targets are kept that environments share.
///
/// What it promises: a change is made as a whole and only under its condition, and what comes back is the track as it is
/// after it, or as it was when the condition did not hold.
pub trait Tracks: Send + Sync {
    /// Changes the track of a target.
    ///
    /// # Errors
    ///
    /// When the tracks cannot be reached. Whether the change was made is then not known; that it was costs a few slots.
    fn change<'a>(&'a self, target: &'a str, change: Change) -> BoxFuture<'a, Result<Changed, TracksError>>;
}

/// What is known of the slots of one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Track {
    /// How fast slots follow each other.
    pub pace: Pace,
    /// How often slots were taken.
    pub takes: u64,
    /// Seconds from now to the next free slot; less than nothing when that lies in the past.
    pub ahead: f64,
}

/// A change of a track.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// Begins it with this pace and a free slot so many seconds ago, if there is none.
    Begin(Pace, f64),
    /// Takes slots behind those that are taken, if the pace has this version and the next free slot lies between these two
    /// times, in seconds from now.
    Queue {
        /// The version.
        version: u64,
        /// Seconds that the slots fill.
        width: f64,
        /// What they count for in [`Pace::used`].
        used: f64,
        /// The first time.
        from: f64,
        /// The last one.
        to: f64,
    },
    /// Takes slots from that time on, in seconds from now, if the pace has this version and the next free slot lies before it.
    Restart {
        /// The version.
        version: u64,
        /// Seconds that the slots fill.
        width: f64,
        /// That time.
        from: f64,
    },
    /// Puts this pace in the place of the one before it, and leaves its pause free, if the next free slot lies before that time.
    Pace(Pace, f64),
    /// Leaves no slot free before that time, in seconds from now.
    Hold(f64),
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Changed {
    /// It was made.
    Yes(Track),
    /// Its condition did not hold; there may be no track.
    No(Option<Track>),
}

/// The tracks cannot be used. The text is for the log.
#[derive(Debug, thiserror::Error)]
#[error("the shared pace cannot be used: {0}")]
pub struct TracksError(pub String);

/// What an environment wants.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// Most slots; none when only the pace is to be changed.
    pub most: usize,
    /// The track as it was known, with its time put right.
    pub known: Option<Track>,
    /// The pace with which a track begins.
    pub first: Pace,
    /// The pace that is to follow the one that is known, for a call that was throttled under that one.
    pub lowered: Option<Pace>,
    /// Seconds for which nobody is to call.
    pub held: Option<f64>,
    /// How often slots had been taken after this environment did so last.
    pub seen: Option<u64>,
    /// Environments at work.
    pub sharers: f64,
    /// Slots that it could have had last, 0 at first.
    pub window: usize,
    /// How long it takes from a change of the track until it is known what came of a slot.
    pub round: Option<std::time::Duration>,
    /// From 0 up to 1, by chance: what is added to a part of a slot before that is cut off.
    pub chance: f64,
}

/// What it gets.
#[derive(Debug, Clone, Copy)]
pub struct Got {
    /// The track, if that is known.
    pub track: Option<Track>,
    /// The slots: how many, and how many seconds from now the first one is.
    pub slots: Option<(usize, f64)>,
    /// The pace under which they were taken.
    pub pace: Option<Pace>,
    /// Environments at work.
    pub sharers: f64,
    /// Slots that it could have had last.
    pub window: usize,
}

/// Changes of the same track that are tried: one, and one for each thing that may have changed meanwhile.
const TRIES: usize = 5;

/// Takes slots, as many as are this environment's share of a turn.
pub async fn take(tracks: &dyn Tracks, target: &str, ask: Ask) -> Result<Got, TracksError> {
    let mut got = Got { track: ask.known, slots: None, pace: None, sharers: ask.sharers, window: ask.window };
    let mut is_doubted = false;
    let mut has_lowered = false;
    if let Some(lowered) = ask.lowered {
        let changed = tracks.change(target, Change::Pace(lowered, f64::INFINITY)).await?;
        has_lowered = matches!(changed, Changed::Yes(_));
        got.learn(&ask, changed);
    }
    if let Some(seconds) = ask.held {
        got.learn(&ask, tracks.change(target, Change::Hold(seconds)).await?);
    }
    for _ in 0..TRIES {
        let Some(track) = got.track else {
            got.learn(&ask, tracks.change(target, Change::Begin(ask.first, ask.first.burst)).await?);
            continue;
        };
        if ask.most == 0 {
            break;
        }
        if track.ahead < -IDLE && !is_doubted && track.pace.version > 0 {
            is_doubted = true;
            let doubted = Change::Pace(track.pace.halved(track.pace.per_second().max(track.pace.top)), -IDLE);
            got.learn(&ask, tracks.change(target, doubted).await?);
            continue;
        }
        let (turn, per_second) = (track.turn(), track.pace.per_second());
        let to = if track.is_searched() { turn } else { f64::INFINITY };
        if track.ahead > to {
            break;
        }
        // One count of the others may be chance: in a search nobody goes from few slots to many at once (slow start, RFC 5681).
        let widest = if track.is_searched() { (2 * got.window).max(1) } else { usize::MAX };
        let window = share(per_second * turn / got.sharers, ask.chance).min(widest);
        let slots = window.min(ask.most);
        let (calls, version) = (count(slots), track.pace.version);
        let width = calls / per_second;
        let from = if has_lowered { track.pace.pause().max(1.0 / per_second) } else { -track.pace.burst };
        let change = if track.ahead < from {
            Change::Restart { version, width, from }
        } else {
            let used = track.pace.use_of(calls, ask.round);
            Change::Queue { version, width, used, from, to }
        };
        match tracks.change(target, change).await? {
            Changed::Yes(after) => {
                got.learn(&ask, Changed::Yes(after));
                got.window = window;
                got.slots = Some((slots, after.ahead - width));
                got.pace = Some(track.pace);
                break;
            }
            no @ Changed::No(_) => got.learn(&ask, no),
        }
    }
    Ok(got)
}

impl Got {
    fn learn(&mut self, ask: &Ask, changed: Changed) {
        let (track, own) = match changed {
            Changed::Yes(track) => (Some(track), 0),
            Changed::No(track) => (track, 1),
        };
        self.track = track;
        if let Some((track, seen)) = track.zip(ask.seen).filter(|(track, seen)| track.takes > *seen) {
            // All that have work take slots in their turn.
            let counted = count(usize::try_from(track.takes - seen + own).unwrap_or(usize::MAX));
            // One turn is as good as chance: a few together make shares fair.
            self.sharers = if ask.sharers.is_finite() { ask.sharers + NEW * (counted - ask.sharers) } else { counted };
        }
    }
}

/// Whole slots, at least one, that are as many in the mean: were each part of a slot one, who counts one other too few could have twice as many as
/// they have.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of at most thousands")]
fn share(slots: f64, chance: f64) -> usize {
    (slots + chance).clamp(1.0, 1e6) as usize
}

/// So many calls.
#[expect(clippy::cast_precision_loss, reason = "thousands")]
pub fn count(slots: usize) -> f64 {
    slots as f64
}

impl Track {
    /// Whether its pace is one of which nobody knows yet what comes of it.
    pub fn is_searched(&self) -> bool {
        self.pace.horizon().is_finite()
    }

    /// Seconds of slots that are taken in one turn.
    pub fn turn(&self) -> f64 {
        self.pace.horizon().min(TURN)
    }

    /// What becomes of the track of a target by a change, `None` when its condition does not hold. This is what the promise of
    /// [`Tracks`] means; a table does the same in its own words.
    pub fn changed(track: Option<Self>, change: Change) -> Option<Self> {
        let of = |version: u64| track.filter(|track| track.pace.version == version);
        match change {
            Change::Begin(pace, ago) => track.is_none().then_some(Self { pace, takes: 0, ahead: -ago }),
            Change::Queue { version, width, used, from, to } => {
                let track = of(version).filter(|track| (from..=to).contains(&track.ahead))?;
                let pace = Pace { used: track.pace.used + used, ..track.pace };
                Some(Self { pace, takes: track.takes + 1, ahead: track.ahead + width })
            }
            Change::Restart { version, width, from } => {
                let track = of(version).filter(|track| track.ahead < from)?;
                Some(Self { takes: track.takes + 1, ahead: from + width, ..track })
            }
            Change::Pace(pace, before) => {
                let track = of(pace.version.checked_sub(1)?).filter(|track| track.ahead < before)?;
                Some(Self { pace, ahead: track.ahead + pace.pause(), ..track })
            }
            Change::Hold(seconds) => {
                let track = track.filter(|track| track.ahead < seconds)?;
                Some(Self { ahead: seconds, ..track })
            }
        }
    }
}

impl fmt::Debug for dyn Tracks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tracks")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt;

    use super::*;

    /// One track, at a time that stands still, and what was changed.
    #[derive(Default)]
    struct Still(Mutex<(Option<Track>, Vec<Change>)>);

    impl Tracks for Still {
        fn change<'a>(&'a self, _: &'a str, change: Change) -> BoxFuture<'a, Result<Changed, TracksError>> {
            let (track, changes) = &mut *self.0.lock().unwrap();
            changes.push(change);
            let after = Track::changed(*track, change);
            *track = after.or(*track);
            let changed = after.map_or(Changed::No(*track), Changed::Yes);
            async move { Ok(changed) }.boxed()
        }
    }

    impl Still {
        fn changes(&self) -> Vec<Change> {
            std::mem::take(&mut self.0.lock().unwrap().1)
        }
    }

    #[test]
    fn parts_of_slots_are_slots_as_often_as_they_are_parts() {
        let shares = [(0.0, 0.9), (0.98, 0.0), (0.98, 0.5), (1.3, 0.69), (1.3, 0.71), (2.5, 0.4), (2.5, 0.6)];
        assert_eq!(shares.map(|(slots, chance)| share(slots, chance)), [1, 1, 1, 1, 2, 2, 3]);
    }

    fn ask(most: usize, first: Pace) -> Ask {
        Ask {
            most,
            known: None,
            first,
            lowered: None,
            held: None,
            seen: None,
            sharers: 1.0,
            window: 1000,
            round: None,
            chance: 0.0,
        }
    }

    #[tokio::test]
    async fn a_track_begins_as_long_ago_as_the_calls_take_that_may_start_at_once() {
        for (first, ago) in [(Pace::unknown(), 1.0), (Pace::of(100.0), 0.08)] {
            let tracks = Still::default();
            take(&tracks, "model", ask(100, first)).await.unwrap();
            let changes = tracks.changes();
            let Change::Begin(_, began) = changes[0] else { panic!("{changes:?}") };
            assert!((began - ago).abs() < 0.001, "{began}");
        }
    }

    #[tokio::test]
    async fn who_lowers_a_pace_lets_the_calls_pass_that_were_started_before() {
        let tracks = Still::default();
        let first = take(&tracks, "model", ask(1, Pace::of(100.0))).await.unwrap();
        tracks.changes();
        let lowered = first.pace.unwrap().lowered(true);
        let per_second = lowered.per_second();
        // All slots are used up.
        tracks.0.lock().unwrap().0.as_mut().unwrap().ahead = -5.0;
        let got = take(&tracks, "model", Ask { lowered: Some(lowered), ..ask(1, Pace::of(100.0)) }).await.unwrap();
        let changes = tracks.changes();
        assert!(matches!(changes[..], [Change::Pace(..), Change::Restart { .. }]), "{changes:?}");
        let (slots, first) = got.slots.unwrap();
        assert!(slots == 1 && (first - lowered.pause().max(1.0 / per_second)).abs() < 1e-6, "{got:?}");
        // Behind slots that are taken, it leaves as much.
        let lowered = lowered.lowered(true);
        let after = Change::Pace(lowered, f64::INFINITY);
        let ahead = Track::changed(got.track, after).unwrap().ahead - got.track.unwrap().ahead;
        assert!(ahead > 0.0 && (ahead - lowered.pause()).abs() < 1e-6, "{ahead}");
    }

    #[tokio::test]
    async fn a_pace_that_was_found_and_that_nobody_has_used_for_a_minute_is_tried_carefully() {
        let found = Pace { version: 3, ..Pace::of(100.0) };
        let lowered = Pace { depth: 4.0, used: 0.0, ..found };
        for (pace, ahead, is_doubted) in
            [(found, -61.0, true), (found, -59.0, false), (Pace::of(100.0), -61.0, false), (lowered, -61.0, true)]
        {
            let tracks = Still::default();
            take(&tracks, "model", ask(1, pace)).await.unwrap();
            tracks.changes();
            tracks.0.lock().unwrap().0.as_mut().unwrap().ahead = ahead;
            let got = take(&tracks, "model", ask(1, pace)).await.unwrap();
            let per_second = got.pace.unwrap().per_second();
            assert_eq!((49.0..60.0).contains(&per_second), is_doubted, "{ahead}: {per_second}, {:?}", tracks.changes());
            assert_eq!(got.pace.unwrap().version, pace.version + u64::from(is_doubted));
        }
    }

    #[tokio::test]
    async fn slots_lie_behind_the_time_for_which_nobody_is_to_call() {
        let tracks = Still::default();
        take(&tracks, "model", ask(1, Pace::of(100.0))).await.unwrap();
        let got = take(&tracks, "model", Ask { held: Some(7.0), ..ask(1, Pace::of(100.0)) }).await.unwrap();
        assert_eq!(got.slots, Some((1, 7.0)));
        // A wait that ends before another one changes nothing.
        tracks.changes();
        let got = take(&tracks, "model", Ask { held: Some(3.0), most: 0, ..ask(0, Pace::of(100.0)) }).await.unwrap();
        assert!(got.track.unwrap().ahead > 7.0, "{got:?}");
        assert_eq!(tracks.changes(), [Change::Hold(3.0)]);
    }

    #[tokio::test]
    async fn environments_at_work_are_those_that_take_slots_between_two_of_ones_own_on_average() {
        let tracks = Still::default();
        let mut mine = take(&tracks, "model", ask(1, Pace::of(100.0))).await.unwrap();
        let mut sharers = Vec::new();
        for others in [3, 3, 7, 7, 7] {
            let seen = mine.track.map(|track| track.takes);
            for _ in 0..others {
                take(&tracks, "model", ask(1, Pace::of(100.0))).await.unwrap();
            }
            let known = Ask { seen, sharers: mine.sharers, ..ask(1, Pace::of(100.0)) };
            mine = take(&tracks, "model", known).await.unwrap();
            sharers.push(mine.sharers);
        }
        let expected = [1.9, 2.53, 4.171, 5.3197, 6.12379];
        assert!(sharers.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-6), "{sharers:?}");
    }

    #[tokio::test]
    async fn in_a_search_an_environment_takes_at_most_twice_as_many_slots_as_it_could_have_had_before() {
        // Few rows are left for a while, which is nobody's share.
        let taken = async |pace: Pace| {
            let tracks = Still::default();
            let mut ask = Ask { sharers: f64::INFINITY, window: 0, ..ask(100, pace) };
            let mut taken = Vec::new();
            for most in [100, 100, 100, 1, 100, 100] {
                let got = take(&tracks, "model", Ask { most, ..ask }).await.unwrap();
                taken.push(got.slots.unwrap().0);
                let seen = got.track.map(|track| track.takes);
                ask = Ask { seen, sharers: got.sharers, window: got.window, ..ask };
            }
            taken
        };
        let searched =
            Pace { top: 100.0 / Pace::unknown().per_second() * Pace::unknown().top, burst: 9.0, ..Pace::unknown() };
        assert_eq!(taken(searched).await, [1, 1, 2, 1, 8, 16]);
        assert_eq!(taken(Pace::of(100.0)).await, [1, 1, 100, 1, 100, 100]);
    }
}
