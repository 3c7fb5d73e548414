//! What a scenario's services do.

use std::time::Duration;

use sandbox::aws::{Aws, Fault, Guardrail, Matching, Quota, Rule, Trace};
use serde::Deserialize;

/// All services.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// How long every call takes, but those that the rate refuses.
    pub latency_ms: u64,
    /// Calls a second of each model and place index; those over it are throttled.
    pub per_second: Option<f64>,
    /// Calls at once after a pause.
    pub burst: Option<f64>,
    /// Of these the first that fits a call and has not been used up happens to it.
    pub faults: Vec<When>,
}

/// A fault, and which calls have it: those that fit all that is said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// The model id; `*` matches any run of characters.
    model: Option<String>,
    /// A part of the text.
    text: Option<String>,
    /// A share of the calls, by `seed`: every attempt of a row is another call.
    share: Option<f64>,
    /// A share of the rows, by `seed`: all attempts of a row, or none.
    share_of_rows: Option<f64>,
    #[serde(default)]
    seed: u64,
    /// From which of these calls on.
    #[serde(default = "first")]
    from: u64,
    /// For how many of them.
    times: Option<u64>,
    /// For how many of each text.
    times_each: Option<u64>,
    /// For how long from the first of them on.
    for_s: Option<f64>,
    /// What happens.
    then: Then,
}

/// What happens to a call.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Then {
    Throttle,
    Hang,
    Drop,
    Truncate,
    NoText,
    Error {
        status: u16,
        code: Option<String>,
        #[serde(default)]
        message: String,
        retry_after: Option<String>,
    },
    /// It takes longer.
    LatencyMs(u64),
    /// 200 with this body.
    Body(String),
    /// The model says this.
    Answer(String),
    /// The tool that the model is made to use has this input.
    ToolInput(serde_json::Value),
    StopReason(String),
    Guardrail {
        #[serde(default)]
        blocks: bool,
        says: String,
        trace: TraceWhen,
        /// Whether the trace has an `actionReason`.
        #[serde(default = "yes")]
        reason: bool,
    },
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TraceWhen {
    Always,
    Asked,
    Never,
}

impl Service {
    /// Tells the services.
    pub fn tell(&self, aws: &Aws) {
        for service in [aws.bedrock(), aws.location(), aws.places()] {
            service.set_latency(Duration::from_millis(self.latency_ms));
            service.set_quota(
                self.per_second.map(|per_second| Quota { per_second, burst: self.burst.unwrap_or(per_second) }),
            );
            service.set_faults(self.faults.iter().map(When::rule).collect());
        }
    }
}

impl When {
    fn rule(&self) -> Rule {
        let seed = self.seed;
        let mut every: Vec<Matching> = Vec::new();
        every.extend(self.model.clone().map(Matching::Model));
        every.extend(self.text.clone().map(Matching::TextContains));
        every.extend(self.share_of_rows.map(|share| Matching::ShareOfTexts { per_mille: per_mille(share), seed }));
        every.extend(self.share.map(|share| Matching::Share { per_mille: per_mille(share), seed }));
        Rule {
            matching: Matching::Every(every),
            from: self.from,
            lasts: self.for_s.map(Duration::from_secs_f64),
            times: self.times,
            per_text_times: self.times_each,
            fault: self.then.fault(),
        }
    }
}

impl Then {
    fn fault(&self) -> Fault {
        match self {
            Self::Throttle => Fault::Throttle,
            Self::Hang => Fault::Hang,
            Self::Drop => Fault::Drop,
            Self::Truncate => Fault::Truncate,
            Self::NoText => Fault::NoText,
            Self::Error { status, code, message, retry_after } => Fault::Error {
                status: *status,
                code: code.clone(),
                message: message.clone(),
                retry_after: retry_after.clone(),
                headers: Vec::new(),
            },
            Self::LatencyMs(more) => Fault::Latency(Duration::from_millis(*more)),
            Self::Body(body) => Fault::Malformed(body.clone()),
            Self::Answer(text) => Fault::Answer(text.clone()),
            Self::ToolInput(input) => Fault::ToolInput(input.clone()),
            Self::StopReason(reason) => Fault::StopReason(reason.clone()),
            Self::Guardrail { blocks, says, trace, reason } => {
                let trace = match trace {
                    TraceWhen::Always => Trace::Always,
                    TraceWhen::Asked => Trace::Asked,
                    TraceWhen::Never => Trace::Never,
                };
                Fault::Guardrail(Guardrail { blocks: *blocks, says: says.clone(), trace, reason: *reason })
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is between 0 and 1")]
fn per_mille(share: f64) -> u16 {
    (share * 1000.0).round() as u16
}

fn first() -> u64 {
    1
}

fn yes() -> bool {
    true
}
