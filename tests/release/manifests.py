#!/usr/bin/env python3
"""Checks what .ci/release wrote for package managers: tests/release/manifests.py FOLDER

Every address has to name a file of the folder, with the hash of that file, and every path has to be in the archive.
What Scoop and winget ask for besides is in their JSON schemas: with SCHEMAS naming a folder that has them (schema.json
of ScoopInstaller/Scoop as scoop.json; manifest.TYPE.VERSION.json of microsoft/winget-cli), the manifests are held
against those too. Needs PyYAML for winget and jsonschema for the schemas; else skipped aloud.
"""
import hashlib, json, os, pathlib, sys, zipfile

folder = pathlib.Path(sys.argv[1])
schemas = os.environ.get("SCHEMAS")
failures = 0


def check(text, holds, why=""):
    global failures
    failures += not holds
    print(f"ok    {text}" if holds else f"FAIL  {text} {why}".rstrip())


def is_of_a_file(what, url, sha256):
    file = folder / url.rsplit("/", 1)[-1]
    found = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "no such file"
    check(f"{what}: {file.name} has this hash", found == sha256.lower(), f"({found}, not {sha256})")
    return file


def paths_of(archive):
    with zipfile.ZipFile(archive) as opened:
        return set(opened.namelist())


def holds_against(name, manifest):
    file = pathlib.Path(schemas or "", name)
    if not schemas or not file.is_file():
        return print(f"SKIPPED: {name} of SCHEMAS is not there to hold it against")
    try:
        import jsonschema
    except ImportError:
        return print("SKIPPED: jsonschema is missing")
    errors = jsonschema.Draft7Validator(json.loads(file.read_text())).iter_errors(manifest)
    errors = [f"{error.json_path}: {error.message}" for error in errors]
    check(f"it is one by {name}", not errors, "; ".join(errors))


def updates():
    listed = json.loads((folder / "update.json").read_text())
    check("update.json: a version, and programs", listed["version"] and listed["files"])
    for platform, file in listed["files"].items():
        is_of_a_file(f"update.json, {platform}", file["url"], file["sha256"])


def scoop(file):
    manifest = json.loads(file.read_text())
    check("Scoop: version, homepage and license", all(manifest.get(key) for key in ("version", "homepage", "license")))
    part = manifest["architecture"]["64bit"]
    paths = paths_of(is_of_a_file("Scoop", part["url"], part["hash"]))
    check("Scoop: the program is in the archive", f"{part['extract_dir']}/{manifest['bin']}" in paths)
    holds_against("scoop.json", manifest)


def winget(files):
    try:
        import yaml
    except ImportError:
        return print("SKIPPED: the winget manifests are not read: PyYAML is missing")
    try:
        read = [yaml.safe_load(file.read_text()) for file in files]
    except yaml.YAMLError as error:
        return check("winget: YAML", False, str(error))
    manifests = {manifest["ManifestType"]: manifest for manifest in read}
    check("winget: three manifests", sorted(manifests) == ["defaultLocale", "installer", "version"], str(sorted(manifests)))
    for key in ("PackageIdentifier", "PackageVersion", "ManifestVersion"):
        check(f"winget: one {key}", len({str(manifest.get(key)) for manifest in manifests.values()}) == 1)
    installer = manifests["installer"]
    paths = paths_of(is_of_a_file("winget", installer["Installers"][0]["InstallerUrl"], installer["Installers"][0]["InstallerSha256"]))
    for nested in installer["NestedInstallerFiles"]:
        path = nested["RelativeFilePath"].replace("\\", "/")
        check(f"winget: {path} is in the archive", path in paths)
    for kind, manifest in manifests.items():
        holds_against(f"manifest.{kind}.{manifest['ManifestVersion']}.json", manifest)


if (folder / "update.json").is_file():
    updates()
else:
    print("SKIPPED: update.json and the manifests: there are none")
for file in folder.glob("*.scoop.json"):
    scoop(file)
if (folder / "winget").is_dir():
    winget(sorted((folder / "winget").glob("*.yaml")))
sys.exit(failures > 0)
