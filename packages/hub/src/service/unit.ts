export interface UnitOptions {
  readonly user: string
  readonly node: string
  /** The hub's main file. */
  readonly main: string
}

/** The name of the unit, of its directories and, unless told otherwise, of its user. */
export const serviceName = 'integration-hub'
export const dataDir = `/var/lib/${serviceName}`
export const unitFile = `/etc/systemd/system/${serviceName}.service`
export const settingsFile = `/etc/${serviceName}/hub.env`

/** How systemd runs the hub with its embedded PostgreSQL, both with as few rights as they can do with. */
export function unitText({ user, node, main }: UnitOptions): string {
  const isInHome = [node, main].some((file) => /^\/(home|root|run\/user)\//.test(file))
  return `# Written by \`hub service install\`, which writes it anew; what you change belongs into
# \`systemctl edit ${serviceName}\`, and the hub's settings into ${settingsFile}.
[Unit]
Description=Integration Hub
After=network-online.target
Wants=network-online.target
# A database that is away for an hour must not leave the hub stopped for ever.
StartLimitIntervalSec=0

[Service]
Type=exec
User=${user}
ExecStart=${quoted(node)} ${quoted(main)} start
StateDirectory=${serviceName}
StateDirectoryMode=0700
WorkingDirectory=${dataDir}
Environment=HUB_DATA_DIR=${dataDir}
EnvironmentFile=-${settingsFile}
Restart=always
RestartSec=5s

# The hub alone is told to stop: it lets deliveries finish (10 s), writes their outcomes and stops PostgreSQL, which
# gets a minute for its last checkpoint. What is left then is killed, and loses nothing.
KillMode=mixed
TimeoutStopSec=90s

# PostgreSQL is tuned to this limit. A process that is killed for it is started again by the hub.
MemoryMax=85%
OOMPolicy=continue
LimitNOFILE=65536
TasksMax=512

UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=${isInHome ? 'read-only' : 'yes'}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`
}

/** As systemd reads a word of a command line. */
function quoted(word: string): string {
  const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /[\s"'\\]/.test(word) ? `"${escaped.replaceAll(/["\\]/g, String.raw`\$&`)}"` : escaped
}

/** The settings of a new installation, to be completed by its operator. `diskBytes`: of the disk that holds the data. */
export function settingsText(diskBytes: number): string {
  return `# Settings of Integration Hub; \`hub --help\` lists all. In force after \`systemctl restart ${serviceName}\`.

# What has ended is kept for 30 days, or until it takes this much: half of the disk.
HUB_RETENTION_BYTES=${Math.floor(diskBytes / 2)}

# Behind a proxy on this machine:
#HUB_PUBLIC_URL=https://hub.example.com
#HUB_TRUSTED_PROXIES=127.0.0.1

# Another PostgreSQL than the embedded one:
#DATABASE_URL=postgres://user:password@host:5432/database
`
}
