-- Creates the API integration and the functions. Run it with the Snowflake CLI, as a role that may create integrations:
--
--   snow sql -f sql/setup.sql -D "api_url=https://abc123.execute-api.us-west-2.amazonaws.com/v1" \
--                             -D "role_arn=arn:aws:iam::111122223333:role/stack-SnowflakeRole-1A2B3C"
--
-- Both values are outputs of the stack. Then update the stack with what DESC INTEGRATION says, below.

-- IF NOT EXISTS, and never OR REPLACE: an integration that is created again has another external id, and the role no longer
-- trusts it.
CREATE API INTEGRATION IF NOT EXISTS aws_functions
  API_PROVIDER = aws_api_gateway
  API_AWS_ROLE_ARN = '<% role_arn %>'
  API_ALLOWED_PREFIXES = ('<% api_url %>/')
  ENABLED = TRUE
  COMMENT = 'Amazon Bedrock and Amazon Location, through one Lambda function';

-- API_AWS_IAM_USER_ARN and API_AWS_EXTERNAL_ID of this go into the stack's SnowflakeUserArn and SnowflakeExternalId, the
-- trailing "=" included:
--
--   sam deploy --parameter-overrides SnowflakeUserArn=arn:aws:iam::... SnowflakeExternalId=...
DESC INTEGRATION aws_functions;

-- MAX_BATCH_ROWS. With the journal a batch may take up to 600 s, and rows, of one query or many, share the model's quota:
--
--   MAX_BATCH_ROWS <= quota x 600 s x share of the time that GETs work / batches in parallel
--
-- For 500 requests a minute (8.3 a second), a share of 0.7, and the 8 batches in parallel that a table of 100,000 rows was
-- seen to get on an XS warehouse: 8.3 x 600 x 0.7 / 8 = 436. Large tables get up to 64 in parallel for each node. 100
-- suits those with this quota (8.3 x 600 x 0.7 / 64 = 54 would be safe at the very worst); raise it with the quota.
--
-- VOLATILE: a model may answer the same question in another way. Within a batch, equal rows share a call all the same.
CREATE OR REPLACE EXTERNAL FUNCTION ask_bedrock(instructions VARCHAR, user_context VARCHAR, model_id VARCHAR)
  RETURNS VARCHAR
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'The text of a Bedrock model, or NULL where the row cannot be answered'
  API_INTEGRATION = aws_functions
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/ask_bedrock';

-- A search takes about 0.1 s, and an account about 80 a second. 500 rows take 6 s alone, which fits one invocation of 28 s
-- with three other batches beside it: so it needs no journal, and works with LocationIntendedUse=SingleUse too.
--
-- IMMUTABLE: an address stays where it is, so Snowflake may send each one once.
CREATE OR REPLACE EXTERNAL FUNCTION get_coordinate(address VARCHAR)
  RETURNS VARIANT
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = '{"latitude", "longitude"} of an address, {} where nothing matches'
  API_INTEGRATION = aws_functions
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/get_coordinate';

-- Who may call them:
-- GRANT USAGE ON FUNCTION ask_bedrock(VARCHAR, VARCHAR, VARCHAR) TO ROLE analyst;
-- GRANT USAGE ON FUNCTION get_coordinate(VARCHAR) TO ROLE analyst;
