-- Who asked which model, by which query, and how many tokens it took: Bedrock's own log of model invocations beside Snowflake's query
-- history. Every question of the functions carries the query id, the function, the user and the role in its metadata, as far as Snowflake
-- tells them (CONTEXT_HEADERS in sql/setup.sql); embed_text, redact_pii and moderate_text carry none.
--
-- The log is off until it is switched on, for the account and the Region, in Bedrock's settings, with a bucket of your own. It holds prompts
-- and answers: who may read the bucket may read them. Loaded here are counts and names alone.
--
--   snow sql -f sql/audit.sql --role ACCOUNTADMIN --database TOOLS --schema PUBLIC --warehouse COMPUTE_WH \
--     -D "log_url=s3://my-logs/AWSLogs/111122223333/BedrockModelInvocationLogs" \
--     -D "log_role_arn=arn:aws:iam::111122223333:role/snowflake-reads-bedrock-logs"
--
-- log_url is where Bedrock writes, with the prefix that was chosen before AWSLogs. log_role_arn is a role of your own that may s3:GetObject
-- and s3:ListBucket there, and that trusts STORAGE_AWS_IAM_USER_ARN with the external id STORAGE_AWS_EXTERNAL_ID, which DESC prints: create
-- it without the trust, run this once, up to COPY, which fails, mend the trust and run it again. The role that runs this creates an
-- integration and reads SNOWFLAKE.ACCOUNT_USAGE.
--
-- It can be run again, by a task as well: COPY loads a file once, for 64 days.

CREATE STORAGE INTEGRATION IF NOT EXISTS bedrock_log
  TYPE = EXTERNAL_STAGE
  STORAGE_PROVIDER = 'S3'
  ENABLED = TRUE
  STORAGE_AWS_ROLE_ARN = '<% log_role_arn %>'
  STORAGE_ALLOWED_LOCATIONS = ('<% log_url %>/');

DESC INTEGRATION bedrock_log;

CREATE STAGE IF NOT EXISTS bedrock_log
  URL = '<% log_url %>/'
  STORAGE_INTEGRATION = bedrock_log
  FILE_FORMAT = (TYPE = JSON);

-- A line of the log is a call; what it has no member for is NULL.
CREATE TABLE IF NOT EXISTS bedrock_calls (
  asked_at TIMESTAMP_NTZ,
  request_id VARCHAR,
  model_id VARCHAR,
  error_code VARCHAR,
  query_id VARCHAR,
  function_name VARCHAR,
  user_name VARCHAR,
  role_name VARCHAR,
  input_tokens NUMBER,
  output_tokens NUMBER,
  cache_read_tokens NUMBER,
  cache_write_tokens NUMBER
);

-- REGION/YEAR/MONTH/DAY/HOUR/….json.gz; what lies deeper, in data/, are bodies that are too long for a line.
COPY INTO bedrock_calls
FROM (
  SELECT
    $1:timestamp::TIMESTAMP_NTZ,
    $1:requestId::VARCHAR,
    $1:modelId::VARCHAR,
    $1:errorCode::VARCHAR,
    $1:requestMetadata:query_id::VARCHAR,
    $1:requestMetadata:function::VARCHAR,
    $1:requestMetadata:user::VARCHAR,
    $1:requestMetadata:role::VARCHAR,
    $1:input:inputTokenCount::NUMBER,
    $1:output:outputTokenCount::NUMBER,
    $1:input:cacheReadInputTokenCount::NUMBER,
    $1:input:cacheWriteInputTokenCount::NUMBER
  FROM @bedrock_log
)
PATTERN = '.*/[0-9]{2}/[^/]*[.]json[.]gz'
FILE_FORMAT = (TYPE = JSON);

-- By query: the dearest first. QUERY_HISTORY is up to 45 minutes late; until then, and for calls of Redshift, its columns are NULL. Names in
-- the metadata have an underscore for each character that Bedrock does not take, so the history's are the better ones.
SELECT
  calls.query_id,
  history.query_tag,
  COALESCE(history.user_name, calls.user_name) AS user_name,
  COALESCE(history.role_name, calls.role_name) AS role_name,
  calls.function_name,
  calls.model_id,
  COUNT(*) AS calls,
  COUNT(calls.error_code) AS failed,
  SUM(calls.input_tokens) AS input_tokens,
  SUM(calls.output_tokens) AS output_tokens,
  SUM(calls.cache_read_tokens) AS cache_read_tokens,
  SUM(calls.cache_write_tokens) AS cache_write_tokens
FROM bedrock_calls AS calls
LEFT JOIN snowflake.account_usage.query_history AS history
  ON
    calls.query_id = history.query_id
    AND history.start_time > DATEADD('day', -31, CURRENT_TIMESTAMP())
WHERE calls.query_id IS NOT NULL AND calls.asked_at > DATEADD('day', -30, CURRENT_TIMESTAMP())
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY SUM(calls.input_tokens) + SUM(calls.output_tokens) DESC NULLS LAST
LIMIT 100;

-- By function and user, for each day.
SELECT
  DATE_TRUNC('day', calls.asked_at) AS asked_on,
  calls.function_name,
  COALESCE(history.user_name, calls.user_name) AS user_name,
  COUNT(DISTINCT calls.query_id) AS queries,
  COUNT(*) AS calls,
  SUM(calls.input_tokens) AS input_tokens,
  SUM(calls.output_tokens) AS output_tokens
FROM bedrock_calls AS calls
LEFT JOIN snowflake.account_usage.query_history AS history
  ON
    calls.query_id = history.query_id
    AND history.start_time > DATEADD('day', -31, CURRENT_TIMESTAMP())
WHERE calls.query_id IS NOT NULL AND calls.asked_at > DATEADD('day', -30, CURRENT_TIMESTAMP())
GROUP BY 1, 2, 3
ORDER BY asked_on DESC, SUM(calls.input_tokens) DESC NULLS LAST;
