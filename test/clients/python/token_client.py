"""Asks once for a token, by the credential that the first argument names, and prints what came of it as a line of JSON."""

import hashlib
import json
import os
import sys
import time

started = time.monotonic()
from azure.identity import DefaultAzureCredential, EnvironmentCredential, ManagedIdentityCredential  # noqa: E402 (its loading counts too)

kind, client_id = sys.argv[1:3]
told = {}
try:
    if kind == "managed":
        credential = ManagedIdentityCredential(client_id=client_id)
    elif kind == "environment":
        credential = EnvironmentCredential(disable_instance_discovery=True)
    else:
        credential = DefaultAzureCredential()
    token = credential.get_token("https://vault.azure.net/.default").token
    told = {"ok": True, "token": hashlib.sha256(token.encode()).hexdigest()[:8]}
    if "TELL_TOKEN" in os.environ:
        told["jwt"] = token
except Exception as reason:  # whatever an application would see
    told = {"ok": False, "error": type(reason).__name__, "message": str(reason)}
print(json.dumps({**told, "seconds": time.monotonic() - started}))
