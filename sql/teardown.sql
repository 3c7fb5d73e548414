-- Removes what sql/setup.sql and sql/integration.sql create: the first two as the owner of the functions, the last as the
-- administrator. The stack is removed with sam delete; what that leaves is in docs/operations.md.
--
--   snow sql -f sql/teardown.sql --role ACCOUNTADMIN --database TOOLS --schema PUBLIC

DROP FUNCTION IF EXISTS ask_bedrock(VARCHAR, VARCHAR, VARCHAR);
DROP FUNCTION IF EXISTS get_coordinate(VARCHAR);
DROP INTEGRATION IF EXISTS aws_functions;
