//! The command line.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};

use crate::Failure;

/// What `--help` says.
pub const HELP: &str = "\
The functions at work: an e-mail from purchase history, restaurants with their coordinates, and support messages with
their categories and what those cost.

    cargo demo                       offline: Bedrock and Location are stood in for by the sandbox
    cargo demo -- --aws              against the real services, with your own AWS credentials and Region

With --aws:
    --model-id ID        a Bedrock model or inference profile [default: Amazon Nova Lite, by the Region's profile]
    --place-index NAME   an Amazon Location place index instead of its Places API, which needs none
";

/// What the command line asks for.
pub struct Options {
    /// Which services answer.
    pub services: Services,
}

/// The services behind the function.
pub enum Services {
    /// The sandbox's.
    Sandbox,
    /// The real ones.
    Aws {
        /// The place index to search; without one the Places API is asked.
        place_index: Option<String>,
        /// The model to ask; empty until the Region is known.
        model_id: String,
    },
}

impl Options {
    /// Reads the arguments; `None` when help is asked for.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, Failure> {
        let (mut aws, mut place_index, mut model_id) = (false, None, None);
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("aws") => aws = true,
                Arg::Long("place-index") => place_index = Some(parser.value()?.string()?),
                Arg::Long("model-id") => model_id = Some(parser.value()?.string()?),
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                other => return Err(format!("{}; see cargo demo -- --help", other.unexpected()).into()),
            }
        }
        if !aws && (place_index.is_some() || model_id.is_some()) {
            return Err("--place-index and --model-id go with --aws".into());
        }
        let services = if aws {
            let model_id = match model_id {
                Some(model_id) => model_id,
                None => default_model(&crate::stage::region()?)?,
            };
            Services::Aws { place_index, model_id }
        } else {
            Services::Sandbox
        };
        Ok(Some(Self { services }))
    }
}

/// Amazon Nova Lite, by the inference profile of the Region's part of the world.
fn default_model(region: &str) -> Result<String, Failure> {
    let prefix = match region.split('-').next() {
        Some("us") => "us",
        Some("eu") => "eu",
        Some("ap") => "apac",
        _ => return Err(format!("name a model with --model-id: none is known here for the Region {region}").into()),
    };
    Ok(format!("{prefix}.amazon.nova-lite-v1:0"))
}
