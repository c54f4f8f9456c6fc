"""pyvips, driven by the benchmark: `python vips.py INPUT FOLDER`, with VIPS_CONCURRENCY in the environment.

A thumbnail and a JPEG a rendition, each from the original. Says "ready" once the library is there, then answers lines
of standard input, see serve.rs.
"""

import json
import os
import resource
import sys
import time

import pyvips

path, folder = sys.argv[1:]
# The same photo comes again and again here, which it does not in a service.
pyvips.cache_set_max(0)


def jpeg(image):
    return image.jpegsave_buffer(Q=80, optimize_coding=True, keep="none")


def make(original):
    thumbnail = pyvips.Image.thumbnail_buffer
    return {
        "large": jpeg(thumbnail(original, 1080, height=1080, size="down")),
        "medium": jpeg(thumbnail(original, 640, height=640, size="down")),
        "thumbnail": jpeg(thumbnail(original, 150, height=150, crop="centre")),
    }


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def say(answer):
    print(json.dumps(answer), flush=True)


say({"ready": True})
original = None
renditions = {}
for line in sys.stdin:
    command, _, count = line.strip().partition(" ")
    if command == "run":
        if original is None:
            with open(path, "rb") as file:
                original = file.read()
        before, begun = cpu(), time.perf_counter()
        for _ in range(int(count)):
            renditions = make(original)
        say({"cpu": cpu() - before, "wall": time.perf_counter() - begun})
    else:
        for name, encoded in renditions.items():
            with open(os.path.join(folder, name + ".jpg"), "wb") as file:
                file.write(encoded)
        say({"cpu": 0, "wall": 0})
