"""docker-compose.yml, as far as its schema cannot know."""

import yaml

import settings


def problems(root, helps):
    compose = yaml.safe_load((root / "docker-compose.yml").read_text())
    services, volumes = compose["services"], compose["volumes"]
    found = []
    for name, service in services.items():
        where = f"docker-compose.yml: {name}"
        _, colon, tag = service["image"].rpartition("/")[2].partition(":")
        if not colon or tag == "latest":
            found.append(f"{where}: image `{service['image']}` has no version")
        found += [f"{where}: port {port} is open to others" for port in service.get("ports", []) if not port.startswith("127.0.0.1:")]
        found += [f"{where}: depends on `{other}`, which is not there" for other in service.get("depends_on", []) if other not in services]
        for mount in service.get("volumes", []):
            source = mount.partition(":")[0]
            if source.startswith(".") and not (root / source).exists():
                found.append(f"{where}: mounts `{source}`, which is not there")
            if not source.startswith(".") and source not in volumes:
                found.append(f"{where}: volume `{source}` is not declared")
        program = str(service.get("command", [""])[0]).removeprefix("himekuri-")
        for setting in service.get("environment", {}):
            if program in helps and not settings.known(setting, helps[program]):
                found.append(f"{where}: the program has no setting `{setting}`")
    return found
