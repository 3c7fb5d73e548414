//! The whole order of a deployment, as commands to be copied.

use crate::sam;
use crate::stack::Stack;

/// What the commands are made for; what is not known yet has a placeholder.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// As CloudFormation tells of it; its name alone before there is one.
    pub stack: Stack,
    /// Where.
    pub region: Option<String>,
    /// Whose.
    pub account: Option<String>,
    /// The name that Snowflake's role is given.
    pub role_name: Option<String>,
    /// The API integration.
    pub integration: String,
}

impl Setup {
    /// The commands, in their order.
    pub fn render(&self) -> String {
        match &self.role_name {
            Some(role_name) => self.one_deployment(role_name),
            None => self.two_deployments(),
        }
    }

    fn two_deployments(&self) -> String {
        let (deploy, integration, functions) =
            (self.deploy(), self.integration(&self.api_url(), &self.role_arn()), self.functions());
        let role = &self.role_arn();
        let filled = if self.stack.role_name().is_empty() {
            "ROLE_ARN and API_URL are outputs of the stack: run this again after the first command."
        } else {
            "The outputs of the stack are filled in."
        };
        format!(
            "\
# The order of a deployment in two steps. {filled}

# 1. Build and deploy. Nobody can call the API yet.
{build_and_deploy}

# 2. As an administrator of Snowflake: the integration, which assumes {role}.
{integration}

# Put API_AWS_IAM_USER_ARN and API_AWS_EXTERNAL_ID, which it prints, into samconfig.toml as SnowflakeUserArn and
# SnowflakeExternalId, and deploy again: now the role trusts the integration.
{deploy}

# 3. As the owner of a schema: the functions.
{functions}

# Is everything as it should be?
{doctor}
",
            build_and_deploy = self.build_and_deploy(),
            doctor = self.doctor()
        )
    }

    fn one_deployment(&self, role_name: &str) -> String {
        let account = self.account.as_deref().unwrap_or("ACCOUNT");
        let region = self.region.as_deref().unwrap_or("REGION");
        let partition = match region {
            region if region.starts_with("us-gov-") => "aws-us-gov",
            region if region.starts_with("cn-") => "aws-cn",
            _ => "aws",
        };
        let role = format!("arn:{partition}:iam::{account}:role/{role_name}");
        let later = format!("https://later.execute-api.{region}.amazonaws.com/v1");
        let (first, second) = (self.integration(&later, &role), self.integration(&self.api_url(), &role));
        format!(
            "\
# The order of a deployment in one step: the role's name is known before there is a role.

# 1. As an administrator of Snowflake: the integration, for an API that does not exist yet.
{first}

# Put API_AWS_IAM_USER_ARN and API_AWS_EXTERNAL_ID, which it prints, into samconfig.toml as SnowflakeUserArn and
# SnowflakeExternalId, and SnowflakeRoleName=\"{role_name}\" beside them.

# 2. Build and deploy, once.
{build_and_deploy}

# 3. As the administrator again, the API that exists now; then, as the owner of a schema, the functions.
{second}
{functions}

# Is everything as it should be?
{doctor}
",
            build_and_deploy = self.build_and_deploy(),
            functions = self.functions(),
            doctor = self.doctor()
        )
    }

    fn api_url(&self) -> String {
        known(self.stack.output("ApiUrl"), "API_URL")
    }

    fn role_arn(&self) -> String {
        known(self.stack.output("SnowflakeRoleArn"), "ROLE_ARN")
    }

    fn deploy(&self) -> String {
        format!("{}{}", sam::deploy(&self.stack.name), self.in_region())
    }

    fn build_and_deploy(&self) -> String {
        format!("{}{}", sam::build_and_deploy(&self.stack.name), self.in_region())
    }

    fn integration(&self, api_url: &str, role_arn: &str) -> String {
        format!(
            "snow sql -f sql/integration.sql --role ACCOUNTADMIN -D \"api_url={api_url}\" -D \"integration={}\" -D \
             \"role_arn={role_arn}\" -D \"owner_role=SYSADMIN\"",
            self.integration
        )
    }

    fn functions(&self) -> String {
        format!(
            "snow sql -f sql/setup.sql --role SYSADMIN --database TOOLS --schema PUBLIC -D \"api_url={}\" -D \"integration={}\" \
             -D \"user_role=SYSADMIN\"",
            self.api_url(),
            self.integration
        )
    }

    fn doctor(&self) -> String {
        format!(
            "cargo doctor -- --stack {}{} --snow CONNECTION --integration {}",
            self.stack.name,
            self.in_region(),
            self.integration
        )
    }

    fn in_region(&self) -> String {
        self.region.as_ref().map_or_else(String::new, |region| format!(" --region {region}"))
    }
}

fn known(value: &str, placeholder: &str) -> String {
    if value.is_empty() { placeholder } else { value }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::Setup;
    use crate::stack::Stack;
    use crate::testing::{Recordings, stack};

    fn unknown() -> Setup {
        Setup { stack: Stack::named("s"), integration: "own".to_owned(), ..Setup::default() }
    }

    #[tokio::test]
    async fn outputs_are_filled_in_where_they_are_known() {
        let text = unknown().render();
        assert!(text.contains("\nsam build && sam deploy --stack-name s\n"), "{text}");
        assert!(text.contains("--snow CONNECTION --integration own\n"), "{text}");
        assert!(text.contains("-D \"api_url=API_URL\" -D \"integration=own\" -D \"role_arn=ROLE_ARN\""), "{text}");
        let stack = stack(&Recordings::healthy().aws()).await;
        let text = Setup { stack, region: Some("us-west-2".to_owned()), ..Setup::default() }.render();
        assert!(text.contains("-D \"api_url=https://abc123.execute-api.us-west-2.amazonaws.com/v1\""), "{text}");
        assert!(!text.contains("API_URL") && !text.contains("ROLE_ARN"), "{text}");
        assert!(!text.contains("SFCRole"), "the external id is told: {text}");
    }

    #[test]
    fn every_variable_of_the_sql_is_given() {
        let text = unknown().render();
        for (file, sql) in
            [("sql/integration.sql", include_str!("../../sql/integration.sql")), ("sql/setup.sql", crate::sql::SETUP)]
        {
            let command = text.lines().find(|line| line.starts_with(&format!("snow sql -f {file} "))).unwrap();
            for variable in sql.split("<% ").skip(1).filter_map(|rest| rest.split(" %>").next()) {
                assert!(command.contains(&format!("-D \"{variable}=")), "{file}: {variable}");
            }
        }
    }

    #[test]
    fn a_known_name_makes_it_one_deployment() {
        let text =
            Setup { role_name: Some("Snowflake".to_owned()), account: Some("111122223333".to_owned()), ..unknown() }
                .render();
        assert_eq!(text.matches("sam deploy").count(), 1, "{text}");
        assert!(text.contains("role_arn=arn:aws:iam::111122223333:role/Snowflake\""), "{text}");
        let integration = text.find("sql/integration.sql").unwrap();
        assert!(integration < text.find("sam deploy").unwrap(), "{text}");
    }
}
