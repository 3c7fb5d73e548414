"""ask_bedrock as the article calls it: one row after the other, with a client that the rows share."""

import json

import boto3

bedrock = boto3.client("bedrock-runtime")


def ask(instructions, user_context, model_id):
    answer = bedrock.converse(
        modelId=model_id,
        system=[{"text": instructions}],
        messages=[{"role": "user", "content": [{"text": user_context}]}],
        inferenceConfig={"maxTokens": 512},
    )
    return answer["output"]["message"]["content"][0]["text"]


def handler(event, _context):
    rows = json.loads(event["body"])["data"]
    data = [[number, ask(*arguments)] for number, *arguments in rows]
    return {"statusCode": 200, "body": json.dumps({"data": data})}
