//! Slots in time, that environments take from one track for each target.
//!
//! A slot is a time at which one call may start. The next free one is the theoretical arrival time of the generic cell rate
//! algorithm (ITU-T I.371): a number that only grows, so that to take slots is one write without a read, under a condition.

use std::fmt;

use futures_util::future::BoxFuture;

use super::pace::{Pace, TOGETHER};

/// Seconds of slots that environments take ahead, all together: each then writes about once in them.
const TURN: f64 = 1.0;

/// Seconds after which a track that nobody has used is tried carefully.
const IDLE: f64 = 60.0;

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
    /// Takes slots from now on, if the pace has this version and the next free slot lies before that time.
    Restart {
        /// The version.
        version: u64,
        /// Seconds that the slots fill.
        width: f64,
        /// That time, in seconds from now.
        before: f64,
    },
    /// Puts this pace in the place of the one before it, if the next free slot lies before that time.
    Pace(Pace, f64),
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
    /// A pace that is lower than the one that is known, for a call that was throttled under that one.
    pub lowered: Option<Pace>,
    /// How often slots had been taken after this environment did so last.
    pub seen: Option<u64>,
    /// Environments at work.
    pub sharers: f64,
    /// How long calls take.
    pub latency: Option<std::time::Duration>,
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
}

/// Changes of the same track that are tried: one, and one for each thing that may have changed meanwhile.
const TRIES: usize = 5;

/// Takes slots, as many as are this environment's share of a turn.
pub async fn take(tracks: &dyn Tracks, target: &str, ask: Ask) -> Result<Got, TracksError> {
    let mut got = Got { track: ask.known, slots: None, pace: None, sharers: ask.sharers };
    let mut is_doubted = false;
    if let Some(lowered) = ask.lowered {
        got.learn(&ask, tracks.change(target, Change::Pace(lowered, f64::INFINITY)).await?);
    }
    for _ in 0..TRIES {
        let Some(track) = got.track else {
            let ago = ask.first.at_once() / ask.first.per_second(TOGETHER);
            got.learn(&ask, tracks.change(target, Change::Begin(ask.first, ago)).await?);
            continue;
        };
        if ask.most == 0 {
            break;
        }
        if track.ahead < -IDLE && !is_doubted && track.pace.version > 0 {
            is_doubted = true;
            let doubted = Change::Pace(track.pace.doubted(TOGETHER), -IDLE);
            got.learn(&ask, tracks.change(target, doubted).await?);
            continue;
        }
        let (turn, per_second) = (track.pace.horizon().min(TURN), track.pace.per_second(TOGETHER));
        if track.ahead > turn && track.pace.horizon().is_finite() {
            break;
        }
        let slots = share(per_second * turn / got.sharers).min(ask.most);
        let (calls, version) = (count(slots), track.pace.version);
        let (width, before) = (calls / per_second, -track.pace.at_once() / per_second);
        let to = if track.pace.horizon().is_finite() { turn } else { f64::INFINITY };
        let change = if track.ahead < before {
            Change::Restart { version, width, before }
        } else {
            let used = track.pace.use_of(calls, TOGETHER, ask.latency, 4.0);
            Change::Queue { version, width, used, from: before, to }
        };
        match tracks.change(target, change).await? {
            Changed::Yes(after) => {
                got.learn(&ask, Changed::Yes(after));
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
        // All that have work take slots in their turn.
        if let Some((track, seen)) = track.zip(ask.seen).filter(|(track, seen)| track.takes > *seen) {
            self.sharers = count(usize::try_from(track.takes - seen + own).unwrap_or(usize::MAX));
        }
    }
}

/// At least one slot.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of at most thousands")]
fn share(slots: f64) -> usize {
    (slots.clamp(1.0, 1e6) - 0.01).ceil() as usize
}

/// So many calls.
#[expect(clippy::cast_precision_loss, reason = "thousands")]
pub fn count(slots: usize) -> f64 {
    slots as f64
}

impl Track {
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
            Change::Restart { version, width, before } => {
                let track = of(version).filter(|track| track.ahead < before)?;
                Some(Self { takes: track.takes + 1, ahead: width, ..track })
            }
            Change::Pace(pace, before) => {
                let track = of(pace.version.checked_sub(1)?).filter(|track| track.ahead < before)?;
                Some(Self { pace, ..track })
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

    fn ask(most: usize, first: Pace) -> Ask {
        Ask { most, known: None, first, lowered: None, seen: None, sharers: 1.0, latency: None }
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
}
