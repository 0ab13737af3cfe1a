"""The parts that the operator chooses by settings: who answers, who hears and speaks, where files are kept.

Each module is imported when its part is chosen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbmedic.config import Config

if TYPE_CHECKING:
    from dbmedic.core.ports import Bucket, Model, Voice


def chosen_models(config: Config) -> dict[str, Model]:
    """Who answers: the language model when one is set, the analyst otherwise."""
    if config.model_url:
        from dbmedic.models.openai_chat import OpenaiChat
        from dbmedic.models.priced import Priced
        from dbmedic.models.prices import own

        chat = OpenaiChat(
            config.model_url,
            config.model,
            config.model_key or None,
            read_s=config.model_timeout_s,
            vision=config.model_vision,
        )
        return {chat.name: Priced(chat, config.model_url, own(config.model_price))}
    from dbmedic.diagnosis.analyst import Analyst

    analyst = Analyst()
    return {analyst.name: analyst}


def chosen_bucket(config: Config) -> Bucket | None:
    """Where files are kept when that is not the data folder."""
    if not config.bucket:
        return None
    from dbmedic.store.bucket import S3

    return S3(
        config.bucket,
        endpoint=config.bucket_endpoint,
        region=config.bucket_region,
        key=config.bucket_key,
        secret=config.bucket_secret,
    )


def chosen_voice(config: Config) -> Voice | None:
    """Who hears and speaks, when an audio service is set."""
    if not config.audio_url:
        return None
    from dbmedic.models.openai_audio import OpenaiAudio

    return OpenaiAudio(
        config.audio_url,
        hears=config.hearing_model,
        speaks=config.speaking_model,
        voice=config.voice,
        key=config.audio_key,
    )
