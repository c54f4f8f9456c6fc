"""What Darkroom needs of docker-compose.yml, beyond being well-formed.

Reads the configuration that Compose's parser printed (first argument), and compares it with the settings in
platform/default.toml, the Dockerfile and .env.example. Prints every broken rule and exits 1 if there is one.
"""

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
# Understood by the program beside the keys of default.toml.
OTHER_SETTINGS = {"DARKROOM_CONFIG", "DARKROOM_LOG"}
QUEUES = {"interactive", "fanout", "bulk"}
# Released versions have at least two numbers: "18.6-trixie", "v1.8.0", "9.1.2-alpine".
EXACT_TAG = re.compile(r"^v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?$")
PROGRAMS = {"darkroom", "darkroom-api", "darkroom-worker"}

broken = []


def rule(holds, message):
    """Notes a broken rule."""
    if not holds:
        broken.append(message)


def settings():
    """The variables of all settings: DARKROOM_ and the key's path in default.toml, in capitals."""
    names, section = set(OTHER_SETTINGS), ""
    for line in (ROOT / "platform/default.toml").read_text().splitlines():
        if match := re.match(r"\[([a-z_.]+)\]", line):
            section = match[1].replace(".", "_") + "_"
        elif match := re.match(r"([a-z_]+) *=", line):
            names.add(f"DARKROOM_{section}{match[1]}".upper())
    return names


def environment(service):
    """A service's variables, whichever of Compose's two notations is used."""
    variables = service.get("environment") or {}
    if isinstance(variables, list):
        variables = dict(entry.partition("=")[::2] for entry in variables)
    return variables


def dependencies(service):
    """The services that one waits for, each with the condition."""
    depends = service.get("depends_on") or {}
    if isinstance(depends, list):
        return dict.fromkeys(depends)
    return {name: (entry or {}).get("condition") for name, entry in depends.items()}


def check_service(name, service, services):
    """The rules for every single service."""
    one_shot = service.get("restart") == "no"
    awaited = any(dependencies(other).get(name) == "service_completed_successfully" for other in services.values())
    check = service.get("healthcheck") or {}
    has_check = bool(check.get("test")) and not check.get("disable")
    rule(one_shot == awaited, f"{name}: whatever runs once has restart \"no\" and somebody waits for its success")
    rule(one_shot or has_check, f"{name}: needs a health check")
    rule(one_shot or service.get("restart") == "unless-stopped", f"{name}: must come back after a crash or a reboot")

    image, _, tag = service.get("image", "").rpartition(":")
    if service.get("build"):
        rule(bool(image), f"{name}: what is built here needs a name")
        command = service.get("command") or []
        rule(command[:1] == ["sh"] or command[:1][0] in PROGRAMS, f"{name}: {command} is no program of the image")
    else:
        rule(image and EXACT_TAG.match(tag), f"{name}: image {service.get('image')} is not pinned to an exact version")

    for other, condition in dependencies(service).items():
        wanted = "service_completed_successfully" if services[other].get("restart") == "no" else "service_healthy"
        rule(condition == wanted, f"{name}: waits for {other} to be {condition}, not {wanted}")

    used = {variable for variable in environment(service) if variable.startswith("DARKROOM_")}
    for variable in sorted(used - settings()):
        rule(False, f"{name}: {variable} is no setting of platform/default.toml")


def host_of(port):
    """The address that a port is published on, in either of Compose's two notations."""
    return port.get("host_ip", "") if isinstance(port, dict) else port.rpartition(":")[0].rpartition(":")[0]


def check_onlooker(name, service):
    """The rules for what only looks on: it is for this machine, and reaches no store."""
    rule(service["profiles"] == ["sight"], f"{name}: {service['profiles']} is no profile of ours")
    for port in service.get("ports") or []:
        rule(host_of(port) == "127.0.0.1", f"{name}: {port} is not published on 127.0.0.1 alone")
    rule("stores" not in service["networks"], f"{name}: has no business with the stores")
    for volume in service.get("volumes") or []:
        source = volume["source"] if isinstance(volume, dict) else volume.partition(":")[0]
        if source.startswith((".", "/")):
            path = ROOT / source
            rule(path.exists(), f"{name}: {source} is not there")


def check_targets(services):
    """Prometheus asks every server and worker, at the port where each tells."""
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    asked = {
        target
        for job in config["scrape_configs"]
        for group in job["static_configs"]
        for target in group["targets"]
    }
    ours = {
        f"{name}:{environment(service).get('DARKROOM_METRICS_LISTEN', '').rpartition(':')[2]}"
        for name, service in services.items()
        if (service.get("command") or [""])[0] in {"darkroom-api", "darkroom-worker"}
    }
    rule(asked == ours, f"Prometheus asks {sorted(asked)}, and {sorted(ours)} tell")
    for name in (target.partition(":")[0] for target in ours):
        rule("sight" in services[name]["networks"], f"{name}: Prometheus does not reach it")


def main():
    """Checks the whole file."""
    config = yaml.safe_load(Path(sys.argv[1]).read_text())
    services = config["services"]
    for name, service in services.items():
        check_service(name, service, services)

    def running(program):
        return {name: service for name, service in services.items() if service.get("command") == [program]}

    rule(len(running("darkroom-api")) >= 2, "there must be two API servers")
    workers = running("darkroom-worker")
    rule(len(workers) >= 2, "there must be two workers")
    served = [set(environment(worker).get("DARKROOM_WORKER_QUEUES", "").split(",")) for worker in workers.values()]
    rule(set().union(*served) == QUEUES, f"the workers serve {served}, not each of {sorted(QUEUES)}")
    rule({"interactive"} in served, "one worker must serve interactive alone, so that nobody waits for bulk work")
    rule(any(service.get("command") == ["darkroom", "migrate"] for service in services.values()), "nobody migrates")

    shared = ["DARKROOM_DATABASE_URL", "DARKROOM_REDIS_URL", "DARKROOM_OBJECTS_URL", "DARKROOM_SECRET"]
    ours = {**running("darkroom-api"), **workers}
    for variable in shared:
        rule(
            len({environment(service).get(variable) for service in ours.values()} - {None, ""}) == 1
            and all(environment(service).get(variable) for service in ours.values()),
            f"{variable} must be set, and the same, in every server and worker",
        )

    published = [name for name, service in services.items() if service.get("ports") and not service.get("profiles")]
    rule(len(published) == 1, f"one service faces the world, not {published}")
    for name, service in services.items():
        if service.get("profiles"):
            check_onlooker(name, service)
    check_targets(services)
    internal = {name for name, network in config["networks"].items() if (network or {}).get("internal")}
    for name in ("postgres", "redis", "objects"):
        rule(set(services[name]["networks"]) <= internal, f"{name}: a store must not be on a network with a way out")
    for name in ("postgres", "objects"):
        rule(services[name].get("volumes"), f"{name}: data must outlive the container")

    dockerfile = (ROOT / "Dockerfile").read_text()
    for variable in set(re.findall(r"\bDARKROOM_[A-Z_]+(?==)", dockerfile)) - settings():
        rule(False, f"Dockerfile: {variable} is no setting of platform/default.toml")
    for program in PROGRAMS:
        rule(f'"target/$PROFILE/{program}"' in dockerfile, f"Dockerfile: {program} is not in the image")
    rule(re.search(r"^USER (?!root)", dockerfile, re.MULTILINE), "Dockerfile: must not run as root")

    for message in broken:
        print(f"docker-compose.yml: {message}", file=sys.stderr)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
