#!/usr/bin/env python3
"""Our WhatsApp against Evolution's own server, which without a phone paired to it is never connected:
EVOLUTION_API_DIR=/path/to/evolution-api python3 tests/foreign/evolution.py

The checkout has its packages installed and its Prisma client generated; PostgreSQL is on this machine. Where
Prisma's engines cannot be downloaded: `engineType = "client"` in the schema, `npx prisma generate` with
PRISMA_SCHEMA_ENGINE_BINARY and PRISMA_QUERY_ENGINE_LIBRARY set to /bin/true, and `super({ adapter: new PrismaPg({
connectionString: process.env.DATABASE_CONNECTION_URI }) })` of @prisma/adapter-pg in src/api/repository/repository.service.ts."""
import glob, json, os, pathlib, shutil, signal, subprocess, tempfile

from stage import Stage, free_port, http, skip, until

KEY, INSTANCE, ANA = "global-key-of-the-stage", "Cleudocode", "5511987654321"
given = os.environ.get("EVOLUTION_API_DIR")
if not given:
    skip("EVOLUTION_API_DIR does not name a checkout of the Evolution API")
CHECKOUT = pathlib.Path(given).resolve()
STARTS = [["node", CHECKOUT / "dist/main.js"], [CHECKOUT / "node_modules/.bin/tsx", CHECKOUT / "src/main.ts"]]
START = next((start for start in STARTS if all(pathlib.Path(part).exists() for part in start[-1:]) and (CHECKOUT / "node_modules").is_dir()), None)
if START is None:
    skip(f"{CHECKOUT} is no checkout of the Evolution API with its packages installed")
tools = sorted(glob.glob("/usr/lib/postgresql/*/bin")) + ["/usr/local/bin"]
os.environ["PATH"] += os.pathsep + os.pathsep.join(tools)
missing = [tool for tool in ("node", "initdb", "pg_ctl", "psql") if not shutil.which(tool)]
if missing:
    skip(f"{', '.join(missing)} is not on this machine")
# PostgreSQL does not run as root.
AS_USER = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


class Database:
    def __init__(self):
        self.folder, self.port = pathlib.Path(tempfile.mkdtemp(prefix="cleudocodebot-pg-")), free_port()
        if AS_USER:
            shutil.chown(self.folder, "postgres")
        self.run(*AS_USER, "initdb", "-U", "postgres", "-A", "trust", "-D", self.folder / "data")
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        self.run(*AS_USER, "pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-o", options, "-w", "start")
        self.psql("postgres", "-c", "create database evolution")
        for migration in sorted(glob.glob(str(CHECKOUT / "prisma/postgresql-migrations/*/migration.sql"))):
            self.psql("evolution", "-f", migration)
        self.uri = f"postgresql://postgres@127.0.0.1:{self.port}/evolution"

    def run(self, *command):
        # What it starts holds a pipe open: its output goes to a file.
        with tempfile.TemporaryFile("w+") as out:
            if subprocess.run(command, cwd="/", stdout=out, stderr=out).returncode:
                out.seek(0)
                self.end()
                skip(f"PostgreSQL cannot be used: {out.read()[-400:]}")

    def psql(self, database, *what):
        self.run("psql", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", database, *what)

    def end(self):
        subprocess.run([*AS_USER, "pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop"], cwd="/", capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)


database = Database()
try:
    with Stage("evolution-api") as stage:
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        with open(stage.folder / "evolution.log", "w") as log:
            process = subprocess.Popen(START, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, env={
                **os.environ, "SERVER_PORT": str(port), "SERVER_URL": base, "DATABASE_PROVIDER": "postgresql",
                "DATABASE_CONNECTION_URI": database.uri, "DATABASE_CONNECTION_CLIENT_NAME": "stage",
                "DATABASE_SAVE_DATA_INSTANCE": "true", "DATABASE_SAVE_DATA_NEW_MESSAGE": "true",
                "DATABASE_SAVE_IS_ON_WHATSAPP": "true", "DATABASE_SAVE_IS_ON_WHATSAPP_DAYS": "7",
                "CACHE_REDIS_ENABLED": "false", "CACHE_LOCAL_ENABLED": "true", "AUTHENTICATION_API_KEY": KEY,
                "TELEMETRY_ENABLED": "false", "LOG_LEVEL": "ERROR"})
        stage.processes.append(process)
        if not any(until("it answers", lambda: http("GET", base)[0] == 200) for _ in range(3)):
            skip("the Evolution API does not start: " + (stage.folder / "evolution.log").read_text()[-600:])
        stage.note(f"version {http('GET', base)[1].get('version')}")

        def daemon(key):
            if getattr(stage, "process", None):
                stage.process.send_signal(signal.SIGTERM)
                stage.process.wait()
                stage.processes.remove(stage.process)
            stage.daemon({"WHATSAPP_BASE_URL": base, "WHATSAPP_API_TOKEN_INSTANCE": key, "WHATSAPP_INSTANCE_NAME": INSTANCE,
                          "WHATSAPP_ALLOW_FROM": "*", "CLEUDOCODEBOT_RETRY_DELAYS": "100ms,200ms"})

        def stands(state, *words):
            def ask():
                now = stage.standing("whatsapp")
                text = json.dumps(now).lower()
                return now["state"] == state and all(word in text for word in words)
            return until(f"{state} {words}", ask)

        def said():
            return json.dumps(stage.standing("whatsapp"), ensure_ascii=False)

        def waits(what, sent):
            now = stage.ask("message", message_id=sent["message_id"])["message"]
            stage.check(f"{what}: the message waits and no attempt is counted",
                        now["state"] in ("queued", "sending") and not now.get("attempts"), json.dumps(now, ensure_ascii=False))

        daemon(KEY)
        stage.check("a missing instance is said to be missing", stands("impaired", "instance", "integrations connect whatsapp"), said())
        sent = stage.ask("send", channel="whatsapp", to=ANA, text="hello")
        waits("no instance", sent)

        status, made = http("POST", base + "/instance/create", {"instanceName": INSTANCE, "integration": "WHATSAPP-BAILEYS", "qrcode": True}, {"apikey": KEY})
        stage.check("an instance is made", status == 201, str(made))
        key = made["hash"] if isinstance(made.get("hash"), str) else made.get("hash", {}).get("apikey", KEY)
        stage.check("the new instance is found, and that it is not connected", any(stands("impaired", "not connected") for _ in range(3)), said())
        waits("not connected", sent)
        found = http("GET", f"{base}/webhook/find/{INSTANCE}", headers={"apikey": KEY})[1] or {}
        stage.check("the webhook is set and found again", found.get("url") == f"http://{stage.address}/webhooks/whatsapp" and found.get("enabled"), str(found))
        stage.check("it carries our secret", "x-cleudocodebot-secret" in json.dumps(found.get("headers")), str(found))
        stage.check("it asks for edits and deletions", {"MESSAGES_EDITED", "MESSAGES_DELETE"} <= set(found.get("events") or []), str(found.get("events")))

        # Whoever it has heard of is in its cache, and then the same trouble is a 400.
        row = f"insert into \"IsOnWhatsapp\" (id, \"remoteJid\", \"jidOptions\", \"updatedAt\") values ('x', '{ANA}@s.whatsapp.net', '{ANA}@s.whatsapp.net', now())"
        database.psql("evolution", "-c", row)
        body = {"number": ANA, "text": "hello"}
        stage.note(f"it answers a send with {http('POST', f'{base}/message/sendText/{INSTANCE}', body, {'apikey': key})}")
        more = stage.ask("send", channel="whatsapp", to=ANA, text="and more")
        waits("not connected, in its cache", more)
        stage.ask("typing", channel="whatsapp", to=ANA)

        daemon(key)
        stage.check("the instance's own key is taken", any(stands("impaired", "not connected") for _ in range(2)), said())
        waits("after a restart", sent)
        command = {"type": "command", "action": "integration.connect", "payload": {"name": "whatsapp"}}
        answer = http("POST", f"http://{stage.address}/rpc", command, stage.headers)[1]
        stage.note(f"asked for a code to scan, it says {json.dumps(answer)[:300]}")

        daemon("wrong-key-of-the-stage")
        stage.check("a wrong key parks the channel", stands("parked", "whatsapp_api_token_instance"), said())
        stage.end()
finally:
    database.end()
