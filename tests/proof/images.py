"""Images for the proofs of the store, made by hand, and a registry of them.

Two images: the first has one layer, and is there all the time; the second has
this layer and two of its own, with a whiteout and files of other users.
"""
import hashlib
import io
import json
import os
import platform
import re
import select
import subprocess
import tarfile
import threading
import time

import ground

OCI = "application/vnd.oci.image."
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def layer(*entries):
    """A tar of (name, content, owner, mode); without content a directory."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content, owner, mode in entries:
            info = tarfile.TarInfo(name)
            info.uid = info.gid = owner
            info.mode, info.mtime = mode, 10 ** 9
            if content is None:
                info.type = tarfile.DIRTYPE
            info.size = len(content or b"")
            tar.addfile(info, io.BytesIO(content or b""))
    return out.getvalue()


def layers():
    with open(ground.static_busybox(), "rb") as file:
        busybox = file.read()
    base = layer(("bin", None, 0, 0o755), ("etc", None, 0, 0o755),
                 ("bin/sh", busybox, 0, 0o755),
                 ("bin/true", busybox, 0, 0o755),
                 ("etc/passwd", b"root:x:0:0::/:/bin/sh\n", 0, 0o644),
                 ("etc/gone", b"gone\n", 0, 0o644))
    more = layer(("etc", None, 0, 0o755), ("etc/.wh.gone", b"", 0, 0o644),
                 ("etc/more", b"more\n", 1000, 0o640))
    last = layer(("srv", None, 1000, 0o755),
                 ("srv/last", b"last\n" * 30000, 1000, 0o644))
    return base, more, last


class Layout:
    """An OCI image layout in a directory."""

    def __init__(self, path, name, tars):
        self.path = path
        os.makedirs(path + "/blobs/sha256")
        self.digests = [self._put(tar) for tar in tars]
        config = json.dumps({
            "architecture": MACHINES.get(platform.machine(),
                                         platform.machine()),
            "os": "linux", "config": {},
            "rootfs": {"type": "layers", "diff_ids": self.digests}})
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
            "config": self._entry("config.v1+json", config.encode()),
            "layers": [self._entry("layer.v1.tar", tar) for tar in tars]})
        entry = self._entry("manifest.v1+json", manifest.encode())
        entry["annotations"] = {"org.opencontainers.image.ref.name": name}
        with open(path + "/index.json", "w") as file:
            json.dump({"schemaVersion": 2, "manifests": [entry]}, file)
        with open(path + "/oci-layout", "w") as file:
            file.write('{"imageLayoutVersion":"1.0.0"}')

    def _put(self, data):
        digest = hashlib.sha256(data).hexdigest()
        with open(self.path + "/blobs/sha256/" + digest, "wb") as file:
            file.write(data)
        return "sha256:" + digest

    def _entry(self, kind, data):
        return {"mediaType": OCI + kind, "digest": self._put(data),
                "size": len(data)}

    def pack(self, archive):
        with tarfile.open(archive, "w") as tar:
            for name in "oci-layout", "index.json", "blobs":
                tar.add(os.path.join(self.path, name), name)


class Registry:
    """docker-registry on 127.0.0.1, with an image by skopeo"""

    def __init__(self, directory):
        os.makedirs(directory + "/registry")
        config = directory + "/registry.yml"
        with open(config, "w") as file:
            file.write("version: 0.1\nlog: {level: info, formatter: text}\n"
                       "storage:\n  filesystem: {rootdirectory: %s/registry}\n"
                       "http:\n  addr: 127.0.0.1:0\n" % directory)
        environment = {k: v for k, v in os.environ.items()
                       if not k.startswith("REGISTRY_")}
        reader, writer = os.pipe()
        self.process = subprocess.Popen(
            ["docker-registry", "serve", config], env=environment,
            stdin=subprocess.DEVNULL, stdout=writer, stderr=writer)
        os.close(writer)
        self.address = self._await_address(reader)
        # it would wait for room in the pipe
        self.drain = threading.Thread(target=self._read_on, args=[reader],
                                      daemon=True)
        self.drain.start()

    @staticmethod
    def _read_on(reader):
        while os.read(reader, 65536):
            pass
        os.close(reader)

    @staticmethod
    def _await_address(reader):
        text, deadline = b"", time.monotonic() + 10
        while time.monotonic() < deadline:
            select.select([reader], [], [], deadline - time.monotonic())
            text += os.read(reader, 65536)
            found = re.search(rb"listening on (127\.0\.0\.1:\d+)", text)
            if found:
                return found.group(1).decode()
        raise RuntimeError("no registry: %r" % text)

    def push(self, layout, name):
        """Return: what to pull"""
        full = "%s/%s" % (self.address, name)
        subprocess.run(["skopeo", "copy", "--quiet", "--insecure-policy",
                        "--dest-tls-verify=false", "oci:" + layout.path,
                        "docker://" + full], check=True,
                       stdin=subprocess.DEVNULL)
        return full

    def close(self):
        self.process.kill()
        self.process.wait()
        self.drain.join()
