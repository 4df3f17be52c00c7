"""The unit by which systemd keeps the server up, from the machine's start on. Pure."""

from pathlib import Path

GRACE_S = 20
"""More than the supervisor gives its children (`web.supervisor.GRACE_S`)."""

_UNIT = """\
# Made by `diemcau service`.
[Unit]
Description=Diemcau, sessions and remote hearings of a People's Council
Wants=network-online.target
After=network-online.target time-sync.target postgresql.service
RequiresMountsFor={folder}
# A database or a disk that is late is waited for, however long it takes.
StartLimitIntervalSec=0

[Service]
ExecStart={command}
User={user}
# Settings that are secrets, such as DIEMCAU_TURN__SECRET=…, in a file for root alone.
EnvironmentFile=-/etc/default/diemcau
Restart=always
RestartSec=1
# The supervisor ends the others: each closes what it writes.
KillMode=mixed
TimeoutStopSec={grace_s}
# A picture that is late is lost; whatever else the machine does can wait.
Nice=-10
LimitRTPRIO=1
CPUWeight=1000
IOWeight=1000
OOMScoreAdjust=-500
LimitNOFILE=65536
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=full
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
LockPersonality=yes

[Install]
WantedBy=multi-user.target
"""


def unit(diemcau: Path, user: str, config: Path | None, data_dir: Path) -> str:
    """What goes into `/etc/systemd/system/diemcau.service`. All paths absolute; `user` owns
    `data_dir`."""
    words = [str(diemcau), "serve", "--data-dir", str(data_dir)]
    if config is not None:
        words += ["--config", str(config)]
    return _UNIT.format(
        command=" ".join(map(_quoted, words)),
        user=user,
        grace_s=GRACE_S,
        folder=_quoted(str(data_dir)),
    )


def _quoted(word: str) -> str:
    """As `systemd.syntax(7)` and `systemd.service(5)` read a command line."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        word = word.replace(plain, escaped)
    return f'"{word}"' if word != "".join(word.split()) else word
