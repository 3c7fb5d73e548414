"""ask_bedrock with a thread pool and botocore's adaptive retries, its own answer to throttling."""

import base64
import json
import os
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config

WIDTH = int(os.environ["MAX_CONCURRENCY"])
retries = {"mode": "adaptive", "total_max_attempts": 20}
bedrock = boto3.client("bedrock-runtime", config=Config(max_pool_connections=WIDTH, retries=retries))


def ask(row):
    number, instructions, user_context, model_id = row
    answer = bedrock.converse(
        modelId=model_id,
        system=[{"text": instructions}],
        messages=[{"role": "user", "content": [{"text": user_context}]}],
        inferenceConfig={"maxTokens": 512},
    )
    return [number, answer["output"]["message"]["content"][0]["text"]]


def handler(event, _context):
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"]
    rows = json.loads(body)["data"]
    with ThreadPoolExecutor(max_workers=WIDTH) as threads:
        data = list(threads.map(ask, rows))
    return {"statusCode": 200, "body": json.dumps({"data": data})}
