"""Somebody gave every session gigabytes for its joins: at its busiest the server may ask for more than there is."""

from faults.fault import Cause, Fault, Number
from faults.shop import DAY

FAULT = Fault(
    asks={
        "en": ("Are our parameters all right?", "Could the instance run out of memory?"),
        "zh": ("帮我看看参数配置合不合理", "大促之前内存够不够用"),
    },
    causes=[Cause(["my-memory-budget"], ["join_buffer_size"])],
    numbers=[Number("bytes", "select @@global.join_buffer_size", 0.01)],
    load=DAY,
    settings={"join-buffer-size": "4G"},
)
