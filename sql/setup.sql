-- The owner's part: the functions, in the schema that the connection names. Run it with the Snowflake CLI, as a role that may
-- create functions there and use the integration of sql/integration.sql; it needs no warehouse:
--
--   snow sql -f sql/setup.sql --role FUNCTION_OWNER --database TOOLS --schema PUBLIC -D "integration=aws_functions" \
--     -D "user_role=ANALYST" -D "api_url=https://abc123.execute-api.us-west-2.amazonaws.com/v1"
--
-- api_url is an output of the stack, integration the name that sql/integration.sql was given, and user_role the role that may call the functions.
--
-- OR ALTER: it can be run again, after MAX_BATCH_ROWS or a comment has changed here, and neither a query nor a grant notices. What was
-- changed by ALTER FUNCTION alone is then as it stands here again, so change it here. The address is the one thing that it cannot
-- change. For another API drop the functions first, as sql/teardown.sql does; the grants are made anew below.
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
-- VOLATILE: a model may answer the same question in another way. Within a statement, equal rows share a call all the same.
--
-- CONTEXT_HEADERS: user and role go to the function with each batch, and from there into the metadata of each question to Bedrock, so
-- that its log of model invocations tells who asked (sql/audit.sql). Where they should not leave Snowflake take the lines out before the
-- functions are created. On functions that exist, OR ALTER may leave a property as it was that is no longer stated: ALTER FUNCTION …
-- UNSET CONTEXT_HEADERS for each form, or drop them first, as sql/teardown.sql does. DESC FUNCTION tells what holds.
CREATE OR ALTER SECURE EXTERNAL FUNCTION ask_bedrock(instructions VARCHAR, user_context VARCHAR, model_id VARCHAR)
  RETURNS VARCHAR
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'The text of a Bedrock model, or NULL where the row cannot be answered'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/ask_bedrock';

CREATE OR ALTER SECURE EXTERNAL FUNCTION ask_bedrock(instructions VARCHAR, user_context VARCHAR, model_id VARCHAR, options OBJECT)
  RETURNS VARCHAR
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'The text of a Bedrock model, or NULL where the row cannot be answered'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/ask_bedrock';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_ask_bedrock(instructions VARCHAR, user_context VARCHAR, model_id VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'ask_bedrock with the error, the cost and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/try_ask_bedrock';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_ask_bedrock(instructions VARCHAR, user_context VARCHAR, model_id VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'ask_bedrock with the error, the cost and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/try_ask_bedrock';

-- Categories are labels, or labels with what each stands for.
CREATE OR ALTER SECURE EXTERNAL FUNCTION classify_text(text VARCHAR, categories ARRAY, model_id VARCHAR)
  RETURNS VARCHAR
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'The category of a text: always one of those given'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/classify_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION classify_text(text VARCHAR, categories ARRAY, model_id VARCHAR, options OBJECT)
  RETURNS VARCHAR
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'The category of a text: always one of those given'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/classify_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION classify_text(text VARCHAR, categories OBJECT, model_id VARCHAR)
  RETURNS VARCHAR
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'The category of a text: always one of those given'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/classify_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION classify_text(text VARCHAR, categories OBJECT, model_id VARCHAR, options OBJECT)
  RETURNS VARCHAR
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'The category of a text: always one of those given'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/classify_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_classify_text(text VARCHAR, categories ARRAY, model_id VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'classify_text with the error, the cost and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/try_classify_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_classify_text(text VARCHAR, categories ARRAY, model_id VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'classify_text with the error, the cost and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/try_classify_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_classify_text(text VARCHAR, categories OBJECT, model_id VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'classify_text with the error, the cost and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/try_classify_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_classify_text(text VARCHAR, categories OBJECT, model_id VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'classify_text with the error, the cost and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/try_classify_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION extract_fields(text VARCHAR, fields OBJECT, model_id VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'What a text says of each field, NULL where it says nothing'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/extract_fields';

CREATE OR ALTER SECURE EXTERNAL FUNCTION extract_fields(text VARCHAR, fields OBJECT, model_id VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'What a text says of each field, NULL where it says nothing'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/extract_fields';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_extract_fields(text VARCHAR, fields OBJECT, model_id VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'extract_fields with the error, the cost and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/try_extract_fields';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_extract_fields(text VARCHAR, fields OBJECT, model_id VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'extract_fields with the error, the cost and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/try_extract_fields';

CREATE OR ALTER SECURE EXTERNAL FUNCTION filter_text(condition VARCHAR, text VARCHAR, model_id VARCHAR)
  RETURNS BOOLEAN
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'Whether a condition holds of a text'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/filter_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION filter_text(condition VARCHAR, text VARCHAR, model_id VARCHAR, options OBJECT)
  RETURNS BOOLEAN
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'Whether a condition holds of a text'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/filter_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_filter_text(condition VARCHAR, text VARCHAR, model_id VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'filter_text with the error, the cost and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/try_filter_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_filter_text(condition VARCHAR, text VARCHAR, model_id VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'filter_text with the error, the cost and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/try_filter_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION sentiment(text VARCHAR, model_id VARCHAR)
  RETURNS VARCHAR
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'positive, negative, neutral or mixed'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/sentiment';

CREATE OR ALTER SECURE EXTERNAL FUNCTION sentiment(text VARCHAR, model_id VARCHAR, options OBJECT)
  RETURNS VARCHAR
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'positive, negative, neutral or mixed'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/sentiment';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_sentiment(text VARCHAR, model_id VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'sentiment with the error, the cost and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/try_sentiment';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_sentiment(text VARCHAR, model_id VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'sentiment with the error, the cost and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  CONTEXT_HEADERS = (CURRENT_USER, CURRENT_ROLE)
  MAX_BATCH_ROWS = 100
  COMPRESSION = AUTO
  AS '<% api_url %>/try_sentiment';

-- A search takes about 0.1 s, and an account some 80 to 100 a second. 500 rows take 6 s alone; with the journal (LocationIntendedUse=Storage)
-- a batch that shares the quota with others goes on in the next invocation. With SingleUse nothing may be kept, and a batch has to end in
-- one of 28 s: 80 x 26 s / 8 batches in parallel are 260 rows, and with the 64 that a large table gets on each node 32. Set that in each
-- function of Amazon Location below.
--
-- IMMUTABLE: an address stays where it is, so Snowflake may send each one once.
CREATE OR ALTER SECURE EXTERNAL FUNCTION get_coordinate(address VARCHAR)
  RETURNS VARIANT
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = '{"latitude", "longitude"} of an address, {} where nothing matches'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/get_coordinate';

-- Functions that take options have a form without them and one with them, and both a try_ form, which returns the error as data. try_ forms
-- are VOLATILE: an error may pass.

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_get_coordinate(address VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'get_coordinate with the error, the price and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/try_get_coordinate';

-- The same pace as get_coordinate.
CREATE OR ALTER SECURE EXTERNAL FUNCTION geocode(address VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = 'What is known of the place that an address means, or NULL where nothing matches'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/geocode';

CREATE OR ALTER SECURE EXTERNAL FUNCTION geocode(address VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = 'What is known of the place that an address means, or NULL where nothing matches'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/geocode';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_geocode(address VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'geocode with the error, the price and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/try_geocode';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_geocode(address VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'geocode with the error, the price and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/try_geocode';

-- A pace of its own, as great.
CREATE OR ALTER SECURE EXTERNAL FUNCTION reverse_geocode(latitude FLOAT, longitude FLOAT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = 'What is at a position, or NULL where nothing is'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/reverse_geocode';

CREATE OR ALTER SECURE EXTERNAL FUNCTION reverse_geocode(latitude FLOAT, longitude FLOAT, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = 'What is at a position, or NULL where nothing is'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/reverse_geocode';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_reverse_geocode(latitude FLOAT, longitude FLOAT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'reverse_geocode with the error, the price and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/try_reverse_geocode';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_reverse_geocode(latitude FLOAT, longitude FLOAT, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'reverse_geocode with the error, the price and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/try_reverse_geocode';

-- Not for filling a table: Amazon Location allows a single use of suggestions.
CREATE OR ALTER SECURE EXTERNAL FUNCTION suggest_address(text VARCHAR)
  RETURNS ARRAY
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'Addresses that a text may be the beginning of. The terms forbid to keep them'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/suggest_address';

CREATE OR ALTER SECURE EXTERNAL FUNCTION suggest_address(text VARCHAR, options OBJECT)
  RETURNS ARRAY
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'Addresses that a text may be the beginning of. The terms forbid to keep them'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/suggest_address';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_suggest_address(text VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'suggest_address with the error, the price and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/try_suggest_address';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_suggest_address(text VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'suggest_address with the error, the price and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 500
  COMPRESSION = AUTO
  AS '<% api_url %>/try_suggest_address';

-- MAX_BATCH_ROWS of vectors is bounded by the 6 MB of an answer: a number takes about 13 bytes, so that 96 rows fit with every model, the 3,072 numbers
-- of Nova among them. With 1,536 numbers 283 fit, with 1,024 it is 425, with 256 it is 1,701; a batch that cannot fit is refused before anything is paid, and the
-- message says how many do. Choose a multiple of 96, which is what Cohere's models take in one call.
--
-- IMMUTABLE: a text has one vector.
CREATE OR ALTER SECURE EXTERNAL FUNCTION embed_text(text VARCHAR, model_id VARCHAR)
  RETURNS ARRAY
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = 'The vector of a text: cast it to VECTOR(FLOAT, n)'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 96
  COMPRESSION = AUTO
  AS '<% api_url %>/embed_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION embed_text(text VARCHAR, model_id VARCHAR, options OBJECT)
  RETURNS ARRAY
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = 'The vector of a text: cast it to VECTOR(FLOAT, n)'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 96
  COMPRESSION = AUTO
  AS '<% api_url %>/embed_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_embed_text(text VARCHAR, model_id VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'embed_text with the error, the price and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 96
  COMPRESSION = AUTO
  AS '<% api_url %>/try_embed_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_embed_text(text VARCHAR, model_id VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'embed_text with the error, the price and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 96
  COMPRESSION = AUTO
  AS '<% api_url %>/try_embed_text';

-- Both of the following share a quota of 1,500 calls a minute by default, 25 a second: with the formula of ask_bedrock above and 64 batches in
-- parallel, 25 x 600 x 0.7 / 64 = 164 at the very worst, and 1,312 with 8. Without the journal a batch of 250 takes 10 s alone.
--
-- IMMUTABLE: a text has one answer, until AWS changes the service.
CREATE OR ALTER SECURE EXTERNAL FUNCTION redact_pii(text VARCHAR)
  RETURNS VARCHAR
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = 'The text with what is personal in it replaced by its type, or NULL where it cannot be'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 250
  COMPRESSION = AUTO
  AS '<% api_url %>/redact_pii';

CREATE OR ALTER SECURE EXTERNAL FUNCTION redact_pii(text VARCHAR, options OBJECT)
  RETURNS VARCHAR
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = 'The text with what is personal in it replaced by its type, or NULL where it cannot be'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 250
  COMPRESSION = AUTO
  AS '<% api_url %>/redact_pii';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_redact_pii(text VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'redact_pii with the error and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 250
  COMPRESSION = AUTO
  AS '<% api_url %>/try_redact_pii';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_redact_pii(text VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'redact_pii with the error and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 250
  COMPRESSION = AUTO
  AS '<% api_url %>/try_redact_pii';

CREATE OR ALTER SECURE EXTERNAL FUNCTION moderate_text(text VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = 'Scores of a text from 0 to 1: violence, hate, insults and others'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 250
  COMPRESSION = AUTO
  AS '<% api_url %>/moderate_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION moderate_text(text VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  IMMUTABLE
  COMMENT = 'Scores of a text from 0 to 1: violence, hate, insults and others'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 250
  COMPRESSION = AUTO
  AS '<% api_url %>/moderate_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_moderate_text(text VARCHAR)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'moderate_text with the error and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 250
  COMPRESSION = AUTO
  AS '<% api_url %>/try_moderate_text';

CREATE OR ALTER SECURE EXTERNAL FUNCTION try_moderate_text(text VARCHAR, options OBJECT)
  RETURNS OBJECT
  CALLED ON NULL INPUT
  VOLATILE
  COMMENT = 'moderate_text with the error and more: docs/functions.md'
  API_INTEGRATION = <% integration %>
  MAX_BATCH_ROWS = 250
  COMPRESSION = AUTO
  AS '<% api_url %>/try_moderate_text';

-- Who may call them, each of which costs money: one role, and no PUBLIC. It needs USAGE on the database and the schema, too.
GRANT USAGE ON FUNCTION ask_bedrock(VARCHAR, VARCHAR, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION ask_bedrock(VARCHAR, VARCHAR, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_ask_bedrock(VARCHAR, VARCHAR, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_ask_bedrock(VARCHAR, VARCHAR, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION classify_text(VARCHAR, ARRAY, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION classify_text(VARCHAR, ARRAY, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION classify_text(VARCHAR, OBJECT, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION classify_text(VARCHAR, OBJECT, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_classify_text(VARCHAR, ARRAY, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_classify_text(VARCHAR, ARRAY, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_classify_text(VARCHAR, OBJECT, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_classify_text(VARCHAR, OBJECT, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION extract_fields(VARCHAR, OBJECT, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION extract_fields(VARCHAR, OBJECT, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_extract_fields(VARCHAR, OBJECT, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_extract_fields(VARCHAR, OBJECT, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION filter_text(VARCHAR, VARCHAR, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION filter_text(VARCHAR, VARCHAR, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_filter_text(VARCHAR, VARCHAR, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_filter_text(VARCHAR, VARCHAR, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION sentiment(VARCHAR, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION sentiment(VARCHAR, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_sentiment(VARCHAR, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_sentiment(VARCHAR, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION get_coordinate(VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_get_coordinate(VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION geocode(VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION geocode(VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_geocode(VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_geocode(VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION reverse_geocode(FLOAT, FLOAT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION reverse_geocode(FLOAT, FLOAT, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_reverse_geocode(FLOAT, FLOAT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_reverse_geocode(FLOAT, FLOAT, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION suggest_address(VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION suggest_address(VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_suggest_address(VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_suggest_address(VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION embed_text(VARCHAR, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION embed_text(VARCHAR, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_embed_text(VARCHAR, VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_embed_text(VARCHAR, VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION redact_pii(VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION redact_pii(VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_redact_pii(VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_redact_pii(VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION moderate_text(VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION moderate_text(VARCHAR, OBJECT) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_moderate_text(VARCHAR) TO ROLE <% user_role %>;
GRANT USAGE ON FUNCTION try_moderate_text(VARCHAR, OBJECT) TO ROLE <% user_role %>;
