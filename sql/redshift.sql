-- Creates the functions in Amazon Redshift, as Lambda UDFs of the same Lambda function. Fill in the placeholders and run it:
--
--   sed -e 's#<% function_name %>#snowflake-functions#' -e 's#<% role_arn %>#arn:aws:iam::111122223333:role/redshift#' \
--     -e 's#<% model_id %>#us.amazon.nova-lite-v1:0#' sql/redshift.sql | psql "host=... port=5439 dbname=dev user=admin"
--
-- function_name is the stack's output FunctionName. role_arn is a role of your own, attached to the cluster or the namespace, that
-- redshift.amazonaws.com may assume (Redshift Serverless: redshift-serverless.amazonaws.com as well), with one statement:
-- {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "arn:aws:lambda:us-west-2:111122223333:function:<FunctionName>"}
--
-- A superuser may run this. Others may with a permission of the system, which comes by a role; the language alone
-- (GRANT USAGE ON LANGUAGE exfunc) lets them create a function, and not replace it:
-- GRANT CREATE OR REPLACE EXTERNAL FUNCTION TO ROLE etl;

-- The names are to be these, in any schema: the function is told `schema.name`, and looks for the name.
--
-- MAX_BATCH_ROWS. Redshift does not ask again for an unfinished batch: it has to end within one invocation, which is 26 s of
-- work with the template's defaults, while every slice of the cluster sends batches of its own:
--
--   MAX_BATCH_ROWS <= quota x 26 s / batches in parallel
--
-- For 500 requests a minute (8.3 a second) and four slices: 8.3 x 26 / 4 = 54. Where a batch does not end in time, or is
-- throttled throughout, the query fails with the message of the function. Redshift itself tries again only when it is Lambda
-- that throttles or fails, for RETRY_TIMEOUT milliseconds in all.
--
-- MAX_BATCH_SIZE. 5 MB is the most that Redshift sends, and its default. Lambda takes 6 MB, so that every batch gets in.
--
-- VOLATILE: a model may answer the same question in another way. Within a batch, equal rows share a call all the same.
--
-- VARCHAR(65535) is the longest in a Lambda UDF, in bytes. An answer of 512 tokens is far below it.
CREATE OR REPLACE EXTERNAL FUNCTION ask_bedrock(VARCHAR(65535), VARCHAR(65535), VARCHAR(2048))
RETURNS VARCHAR(65535)
VOLATILE
LAMBDA '<% function_name %>'
IAM_ROLE '<% role_arn %>'
RETRY_TIMEOUT 20000
MAX_BATCH_ROWS 50
MAX_BATCH_SIZE 5 MB;

-- The coordinates come as JSON text, since a Lambda UDF returns no SUPER: '{"latitude":48.85837,"longitude":2.29448}', '{}'
-- where nothing matches. JSON_PARSE makes a SUPER of it. Amazon Location takes about 80 searches a second: 80 x 26 / 4 = 520.
--
-- STABLE: an address stays where it is, at least for the length of a query.
CREATE OR REPLACE EXTERNAL FUNCTION get_coordinate(VARCHAR(65535))
RETURNS VARCHAR(65535)
STABLE
LAMBDA '<% function_name %>'
IAM_ROLE '<% role_arn %>'
RETRY_TIMEOUT 20000
MAX_BATCH_ROWS 500
MAX_BATCH_SIZE 5 MB;

-- Everybody may call a new function, and each call costs money. So nobody, and then who may:
REVOKE EXECUTE ON FUNCTION ask_bedrock(VARCHAR, VARCHAR, VARCHAR) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION get_coordinate(VARCHAR) FROM PUBLIC;
-- GRANT EXECUTE ON FUNCTION ask_bedrock(VARCHAR, VARCHAR, VARCHAR) TO ROLE analyst;
-- GRANT EXECUTE ON FUNCTION get_coordinate(VARCHAR) TO ROLE analyst;

-- Try them. A SUPER is taken apart where it is a column.
CREATE TEMPORARY TABLE located AS
SELECT address, JSON_PARSE(get_coordinate(address)) AS coordinate
FROM (SELECT 'Eiffel Tower, Paris' AS address) AS stores;

SELECT address, located.coordinate.latitude, located.coordinate.longitude
FROM located;

SELECT ask_bedrock('Answer in one word: positive, negative or neutral.', 'Great product, I love it.', '<% model_id %>');
