-- A search by meaning with embed_text, and addresses with their errors and what they cost with try_geocode.
--
--   snow sql -f sql/search.sql

-- A search by meaning: the vectors of a table, and the rows that are nearest to a question.
SET EMBEDDING_MODEL = 'amazon.titan-embed-text-v2:0';

CREATE OR REPLACE TEMPORARY TABLE products AS
SELECT
  description,
  CAST(embed_text(description, $EMBEDDING_MODEL) AS VECTOR(FLOAT, 1024)) AS embedding
FROM VALUES
  ('A brass lamp with a green shade'),
  ('Running shoes for wet weather'),
  ('A desk of solid oak') AS p (description);

WITH question AS (
  SELECT CAST(embed_text('something to read by at night', $EMBEDDING_MODEL) AS VECTOR(FLOAT, 1024)) AS embedding
)

SELECT
  products.description,
  VECTOR_COSINE_SIMILARITY(products.embedding, question.embedding) AS similarity
FROM products, question
ORDER BY similarity DESC
LIMIT 2;

-- Addresses, and why some have no place. What was paid is counted by bucket: rows that share an answer have none.
CREATE OR REPLACE TEMPORARY TABLE places AS
SELECT
  address,
  try_geocode(address, {'countries': ['USA', 'FRA'], 'min_relevance': 0.7}) AS found
FROM VALUES
  ('3799 S Las Vegas Blvd, Las Vegas, NV'),
  ('Eiffel Tower, Paris'),
  (' eiffel tower,  paris'),
  ('no such place at all') AS p (address);

SELECT
  address,
  found:value:latitude::FLOAT AS latitude,
  found:value:longitude::FLOAT AS longitude,
  found:value:place_type::VARCHAR AS place_type,
  COALESCE(found:error:message::VARCHAR, IFF(found:value IS NULL OR IS_NULL_VALUE(found:value), 'no match', NULL)) AS problem
FROM places;

SELECT
  found:pricing_bucket::VARCHAR AS pricing_bucket,
  COUNT(*) AS calls
FROM places
WHERE found:attempts > 0
GROUP BY pricing_bucket;
