"""Lists what the server holds, over plain HTTP: a look from the outside at what fbsync did."""

import json
import os
import urllib.request

request = urllib.request.Request(
    os.environ["FLASHBACK_API_URL"] + "/ai/llm",
    headers={"Authorization": "Bearer " + os.environ["FLASHBACK_TOKEN"]},
)
with urllib.request.urlopen(request) as answer:
    for llm in json.load(answer)["aiLlms"]:
        print(f"{llm['name']:<18} {llm['aiType']:<10} {llm['endpoint'] or 'that of its stored key'}")
