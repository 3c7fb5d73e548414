-- The owner's part: the functions, in the schema that the connection names. Run it with the Snowflake CLI, as a role that may
-- create functions there and use the integration of sql/integration.sql; it needs no warehouse:
--
--   snow sql -f sql/setup.sql --role FUNCTION_OWNER --database TOOLS --schema PUBLIC -D "user_role=ANALYST" \
--     -D "api_url=https://abc123.execute-api.us-west-2.amazonaws.com/v1"
--
-- api_url is an output of the stack, and user_role the role that may call the functions.
--
-- OR ALTER: it can be run again, after MAX_BATCH_ROWS or a comment has changed, and neither a query nor a grant notices. The
-- address is the one thing that it cannot change. For another API drop the functions first, as sql/teardown.sql does; the
-- grants are made anew below. One setting alone: ALTER FUNCTION get_coordinate(VARCHAR) SET MAX_BATCH_ROWS = 200;
--
-- SECURE: who may call a function does not see its address and its integration.

-- MAX_BATCH_ROWS. With the journal a batch may take up to 600 s, and rows, of one query or many, share the model's quota:
--
--   MAX_BATCH_ROWS <= quota x 600 s x share of the time that GETs work / batches in parallel
--
-- For 500 requests a minute (8.3 a second), a share of 0.7, and the 8 batches in parallel that a table of 100,000 rows was
-- seen to get on an XS warehouse: 8.3 x 600 x 0.7 / 8 = 436. Large tables get up to 64 in parallel for each node. 100
-- suits those with this quota (8.3 x 600 x 0.7 / 64 = 54 would be safe at the very worst); raise it with the quota.
--
-- VOLATILE: a model may answer the same question in another way. Within a batch, equal rows share a call all the same.
CREATE OR ALTER SECURE EXTERNAL FUNCTION ask_bedrock(instructions VARCHAR, user_context VARCHAR, model_id VARCHAR)
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
CREATE OR ALTER SECURE EXTERNAL FUNCTION get_coordinate(address VARCHAR)
  RETURNS VARIANT
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = '{"latitude", "longitude"} of an address, {} where nothing matches'
  API_INTEGRATION = aws_functions
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/get_coordinate';

-- Who may call them, each of which costs money: one role, and no PUBLIC. It needs USAGE on the database and the schema, too.
GRANT USAGE ON FUNCTION ask_bedrock(VARCHAR, VARCHAR, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION get_coordinate(VARCHAR) TO ROLE <% user_role %>;
