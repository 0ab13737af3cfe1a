"""The OpenAI API: chat completions, responses and models, so that chat front-ends talk to dbmedic directly.

https://platform.openai.com/docs/api-reference
"""
