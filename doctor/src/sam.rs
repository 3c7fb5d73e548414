//! The commands of the SAM CLI for a stack. `samconfig.toml` has its settings, so that they name the part that is this stack's: with
//! another's, they would deploy another's settings.

use std::fs;

/// Deploys what is built.
pub fn deploy(stack: &str) -> String {
    format!("sam deploy{}", deploy_arguments(&config(), stack))
}

/// What a stack has lost, CloudFormation does not make again: only a new stack has it.
pub fn anew(stack: &str) -> String {
    format!(
        "sam delete --stack-name {stack} --no-prompts && {}, then sql/integration.sql and sql/setup.sql",
        deploy(stack)
    )
}

/// Builds and deploys.
pub fn build_and_deploy(stack: &str) -> String {
    let config = config();
    // The architecture is known to both.
    let build = environment(&config, stack).map_or_else(String::new, config_env);
    format!("sam build{build} && sam deploy{}", deploy_arguments(&config, stack))
}

/// The project's own, as it is now; without it every stack is one that nobody knows.
fn config() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../samconfig.toml")).unwrap_or_default()
}

fn deploy_arguments(config: &str, stack: &str) -> String {
    environment(config, stack).map_or_else(|| format!(" --stack-name {stack}"), config_env)
}

fn config_env(environment: &str) -> String {
    if environment == "default" { String::new() } else { format!(" --config-env {environment}") }
}

/// The part whose `stack_name` this is.
fn environment<'a>(config: &'a str, stack: &str) -> Option<&'a str> {
    let mut environment = None;
    for line in config.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix('[') {
            environment = table.split('.').next();
        } else if let Some((key, value)) = line.split_once('=')
            && key.trim() == "stack_name"
            && value.split('#').next().is_some_and(|value| value.trim().trim_matches(['"', '\'']) == stack)
        {
            return environment;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{build_and_deploy, deploy, deploy_arguments};

    #[test]
    fn each_stack_of_samconfig_is_deployed_by_its_own_part() {
        assert_eq!(deploy("snowflake-functions"), "sam deploy");
        let prod = "sam build --config-env prod && sam deploy --config-env prod";
        assert_eq!(build_and_deploy("snowflake-functions-prod"), prod);
        assert_eq!(build_and_deploy("mine"), "sam build && sam deploy --stack-name mine");
        assert_eq!(deploy_arguments("[a.global.parameters]\nstack_name='mine' # of a\n", "mine"), " --config-env a");
    }
}
