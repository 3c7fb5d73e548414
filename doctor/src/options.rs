//! The command line.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};

/// What `--help` says.
pub const HELP: &str = "\
Looks at a deployed stack with your credentials, step by step, and names the command that mends what is wrong. It changes nothing.

    cargo doctor -- --stack NAME      a tick or a cross for each step; the exit status is 1 when something is crossed

    --region R             instead of your own
    --snow CONNECTION      compares the trust with the integration, too, through the Snowflake CLI
    --integration NAME     the API integration, in the commands too [default: aws_functions]
    --as-snowflake         calls the API under Snowflake's role, where you may assume it
    --tokens-per-row N     what a row of yours takes, prompt and answer [default: 1000]

    cargo doctor -- --print-setup     the commands that set everything up, in their order

    --stack NAME           with its outputs, once it is deployed [default: snowflake-functions]
    --role-name NAME       for a role of that name (SnowflakeRoleName): one deployment instead of two
";

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The stack.
    pub stack: String,
    /// Its Region, if it is not the caller's own.
    pub region: Option<String>,
    /// What to do with it.
    pub task: Task,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Look at it.
    Examine(Examination),
    /// Say how to set it up.
    PrintSetup {
        /// The name that Snowflake's role is given.
        role_name: Option<String>,
        /// The API integration.
        integration: String,
    },
}

/// How far the doctor looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examination {
    /// The connection of the Snowflake CLI.
    pub snow: Option<String>,
    /// The API integration.
    pub integration: String,
    /// Call the API under Snowflake's role.
    pub as_snowflake: bool,
    /// What a row takes of a quota in tokens.
    pub tokens_per_row: u32,
    /// Is the Region another than that of the caller's commands?
    pub is_elsewhere: bool,
}

impl Default for Examination {
    fn default() -> Self {
        // 512 for the answer, which Bedrock sets aside in full when a call starts, and about as many for the prompt.
        Self {
            snow: None,
            integration: "aws_functions".to_owned(),
            as_snowflake: false,
            tokens_per_row: 1000,
            is_elsewhere: false,
        }
    }
}

/// A command line that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// As the parser says.
    #[error("{0}; see cargo doctor -- --help")]
    Unreadable(#[from] lexopt::Error),
    /// No stack is named.
    #[error("name the stack with --stack, as samconfig.toml does; see cargo doctor -- --help")]
    NoStack,
    /// It would be part of a statement.
    #[error("\"{0}\" is no name of an integration: letters, digits, _ and $")]
    Integration(String),
    /// Nothing is divided by it.
    #[error("--tokens-per-row takes 1 or more")]
    NoTokens,
}

impl Options {
    /// Reads the arguments; `None` when help is asked for.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, OptionsError> {
        let (mut stack, mut region, mut role_name, mut print_setup) = (None, None, None, false);
        let mut examination = Examination::default();
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("stack") => stack = Some(parser.value()?.string()?),
                Arg::Long("region") => {
                    region = Some(parser.value()?.string()?);
                    examination.is_elsewhere = true;
                }
                Arg::Long("snow") => examination.snow = Some(parser.value()?.string()?),
                Arg::Long("integration") => examination.integration = parser.value()?.string()?,
                Arg::Long("as-snowflake") => examination.as_snowflake = true,
                Arg::Long("tokens-per-row") => examination.tokens_per_row = parser.value()?.parse()?,
                Arg::Long("print-setup") => print_setup = true,
                Arg::Long("role-name") => role_name = Some(parser.value()?.string()?),
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        let name = &examination.integration;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$') {
            return Err(OptionsError::Integration(examination.integration));
        }
        if examination.tokens_per_row == 0 {
            return Err(OptionsError::NoTokens);
        }
        let task = if print_setup {
            Task::PrintSetup { role_name, integration: examination.integration }
        } else {
            Task::Examine(examination)
        };
        let stack = match (stack, &task) {
            (Some(stack), _) => stack,
            (None, Task::PrintSetup { .. }) => "snowflake-functions".to_owned(),
            (None, Task::Examine(_)) => return Err(OptionsError::NoStack),
        };
        Ok(Some(Self { stack, region, task }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, OptionsError, Task};

    fn read(line: &str) -> Result<Option<Options>, OptionsError> {
        Options::read(line.split_whitespace().map(Into::into))
    }

    #[test]
    fn a_stack_is_needed_to_look_at() {
        assert!(matches!(read(""), Err(OptionsError::NoStack)));
        let Ok(Some(options)) = read("--stack s --region eu-west-1 --snow c") else { panic!("it is a command line") };
        assert_eq!((options.stack.as_str(), options.region.as_deref()), ("s", Some("eu-west-1")));
        let Task::Examine(examination) = options.task else { panic!("it is to look") };
        assert_eq!((examination.snow.as_deref(), examination.tokens_per_row), (Some("c"), 1000));
        let Ok(Some(options)) = read("--print-setup --role-name r --integration own") else {
            panic!("it is a command line")
        };
        assert_eq!(options.task, Task::PrintSetup { role_name: Some("r".to_owned()), integration: "own".to_owned() });
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(matches!(read("--stack s --integration x;drop"), Err(OptionsError::Integration(_))));
        assert!(matches!(read("--stack s --tokens-per-row 0"), Err(OptionsError::NoTokens)));
        assert!(matches!(read("--mend"), Err(OptionsError::Unreadable(_))));
        assert!(matches!(read("--help"), Ok(None)));
    }
}
