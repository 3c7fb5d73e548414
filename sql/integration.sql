-- The administrator's part: the API integration, once for each stack. Run it with the Snowflake CLI, as a role that may create
-- integrations; it needs no warehouse and no database:
--
--   snow sql -f sql/integration.sql --role ACCOUNTADMIN -D "integration=aws_functions" -D "owner_role=FUNCTION_OWNER" \
--     -D "api_url=https://abc123.execute-api.us-west-2.amazonaws.com/v1" \
--     -D "role_arn=arn:aws:iam::111122223333:role/stack-SnowflakeRole-1A2B3C"
--
-- api_url and role_arn are outputs of the stack; owner_role is the role that runs sql/setup.sql. An integration has one API and one
-- role: a second stack needs one of another name, or it takes that of the first. It can be run again, with another API or another
-- role. In AWS GovCloud API_PROVIDER is aws_gov_api_gateway, with a private API aws_private_api_gateway.

-- IF NOT EXISTS, and never OR REPLACE: an integration that is created again has another external id, and the role no longer
-- trusts it.
CREATE API INTEGRATION IF NOT EXISTS <% integration %>
  API_PROVIDER = aws_api_gateway
  API_AWS_ROLE_ARN = '<% role_arn %>'
  API_ALLOWED_PREFIXES = ('<% api_url %>/')
  ENABLED = TRUE
  COMMENT = 'Amazon Bedrock and Amazon Location, through one Lambda function';

-- The one that is there already follows to the API and the role of now, and keeps its external id.
ALTER API INTEGRATION <% integration %> SET
  API_AWS_ROLE_ARN = '<% role_arn %>'
  API_ALLOWED_PREFIXES = ('<% api_url %>/')
  ENABLED = TRUE;

GRANT USAGE ON INTEGRATION <% integration %> TO ROLE <% owner_role %>;

-- API_AWS_IAM_USER_ARN and API_AWS_EXTERNAL_ID go into samconfig.toml, as SnowflakeUserArn and SnowflakeExternalId, the "=" at the
-- end included. Then: sam deploy
DESC INTEGRATION <% integration %>;
