-- Removes what sql/setup.sql creates. The stack is removed with sam delete.
--
--   snow sql -f sql/teardown.sql

DROP FUNCTION IF EXISTS ask_bedrock(VARCHAR, VARCHAR, VARCHAR);
DROP FUNCTION IF EXISTS get_coordinate(VARCHAR);
DROP INTEGRATION IF EXISTS aws_functions;
