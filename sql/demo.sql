-- The two examples of the article, with a model that is still there.
--
--   snow sql -f sql/demo.sql --role ANALYST --database TOOLS --schema PUBLIC --warehouse COMPUTE_WH \
--     -D "model_id=us.amazon.nova-lite-v1:0"
--
-- The article's own model, anthropic.claude-3-sonnet-20240229-v1:0, is past its end of life.

SET DEFAULT_MODEL = '<% model_id %>';

-- An e-mail from purchase history.
SET DEFAULT_LLM_INSTRUCTIONS = 'Review the customer\'s most frequent retail purchases from last year. Write a personalized email explaining their shopper profile based on these habits. Add a tailored message suggesting products and brands for them to consider, from their purchase history.';

SELECT ask_bedrock($DEFAULT_LLM_INSTRUCTIONS, 'Home Decor, Furniture, Lighting', $DEFAULT_MODEL);

-- Restaurants as JSON, and where they are. No row comes where the model puts its JSON between ``` or is cut at 512 tokens:
-- TRY_PARSE_JSON makes that a NULL, which PARSE_JSON would end the query for.
SET DEFAULT_LLM_INSTRUCTIONS = 'You are a helpful agent only respond with json format, not anything else';

SET PROMPT = 'Give me a few 5-star michelin restaurants in Las Vegas using json format as {"places":[{"place_name","address","city_name","state_name" }]}';

WITH pjson AS (
  SELECT TRY_PARSE_JSON(ask_bedrock($DEFAULT_LLM_INSTRUCTIONS, $PROMPT, $DEFAULT_MODEL)) AS v
),

f AS (
  SELECT
    p.value:"address"::TEXT AS addr,
    p.value:"city_name"::TEXT AS city,
    p.value:"place_name"::TEXT AS place,
    p.value:"state_name"::TEXT AS state
  FROM pjson,
    LATERAL FLATTEN(pjson.v:places) AS p
),

t AS (
  SELECT
    place,
    addr,
    city,
    state,
    get_coordinate(addr) AS coord
  FROM f
)

SELECT
  place,
  addr,
  city,
  state,
  coord:latitude AS lat,
  coord:longitude AS lon
FROM t;
