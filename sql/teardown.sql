-- Removes what sql/setup.sql and sql/integration.sql create: the first two as the owner of the functions, the last as the
-- administrator. The stack is removed with sam delete; what that leaves is in docs/operations.md.
--
--   snow sql -f sql/teardown.sql --role ACCOUNTADMIN --database TOOLS --schema PUBLIC

DROP FUNCTION IF EXISTS ask_bedrock(VARCHAR, VARCHAR, VARCHAR);
DROP FUNCTION IF EXISTS get_coordinate(VARCHAR);
DROP FUNCTION IF EXISTS try_get_coordinate(VARCHAR);
DROP FUNCTION IF EXISTS geocode(VARCHAR);
DROP FUNCTION IF EXISTS geocode(VARCHAR, OBJECT);
DROP FUNCTION IF EXISTS try_geocode(VARCHAR);
DROP FUNCTION IF EXISTS try_geocode(VARCHAR, OBJECT);
DROP FUNCTION IF EXISTS reverse_geocode(FLOAT, FLOAT);
DROP FUNCTION IF EXISTS reverse_geocode(FLOAT, FLOAT, OBJECT);
DROP FUNCTION IF EXISTS try_reverse_geocode(FLOAT, FLOAT);
DROP FUNCTION IF EXISTS try_reverse_geocode(FLOAT, FLOAT, OBJECT);
DROP FUNCTION IF EXISTS suggest_address(VARCHAR);
DROP FUNCTION IF EXISTS suggest_address(VARCHAR, OBJECT);
DROP FUNCTION IF EXISTS try_suggest_address(VARCHAR);
DROP FUNCTION IF EXISTS try_suggest_address(VARCHAR, OBJECT);
DROP FUNCTION IF EXISTS embed_text(VARCHAR, VARCHAR);
DROP FUNCTION IF EXISTS embed_text(VARCHAR, VARCHAR, OBJECT);
DROP FUNCTION IF EXISTS try_embed_text(VARCHAR, VARCHAR);
DROP FUNCTION IF EXISTS try_embed_text(VARCHAR, VARCHAR, OBJECT);
DROP FUNCTION IF EXISTS redact_pii(VARCHAR);
DROP FUNCTION IF EXISTS redact_pii(VARCHAR, OBJECT);
DROP FUNCTION IF EXISTS try_redact_pii(VARCHAR);
DROP FUNCTION IF EXISTS try_redact_pii(VARCHAR, OBJECT);
DROP FUNCTION IF EXISTS moderate_text(VARCHAR);
DROP FUNCTION IF EXISTS moderate_text(VARCHAR, OBJECT);
DROP FUNCTION IF EXISTS try_moderate_text(VARCHAR);
DROP FUNCTION IF EXISTS try_moderate_text(VARCHAR, OBJECT);
DROP INTEGRATION IF EXISTS aws_functions;
