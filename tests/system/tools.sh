# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2034,SC2154 # names that the runner sets or uses
#
# What the runners of tools share (stock-tools, tools), which read it in: the load that all tools see at once, and what each
# made of it. Written for busybox's shell, too.
#
# The runner has set $place (host, 6.1, 6.12), $label and $runner, its own name; has the functions `expected`, which lists what
# cannot attach, PLACE TOOL MESSAGE, and `limit_kib TOOL`, what memory it may hold after the load; and starts each tool in the
# background, with its files in $dir/run: TOOL.pid, TOOL.out, TOOL.err, and TOOL.want, the patterns of lines that it has to
# print (none: it was only to be attached).

dir=$(mktemp -d) || exit 1
group='' others=''
cleanup() {
	# shellcheck disable=SC2086 # one word each
	[ -z "$others" ] || {
		kill $others
		wait $others
	} 2>/dev/null
	if [ -n "$group" ]; then
		rmdir "$group" 2>/dev/null
		umount "$dir/cgroup" 2>/dev/null
	fi
	rm -rf "$dir"
}
trap cleanup EXIT
mkdir "$dir/run"

# The lines of $1 that say something about tool $2 (what follows a _ are its options) here: its first word is the place, the
# second the tool.
about() {
	while read -r where tool rest; do
		case $where in
		'*' | "$place") ;;
		guest) [ "$place" != host ] || continue ;;
		*) continue ;;
		esac
		[ "$tool" != '*' ] && [ "$tool" != "${2%%_*}" ] || printf '%s\n' "$rest"
	done <"$1"
}

# Whether what tool $1 said may be said here: its first error is an expected one.
excused() {
	error=$(grep -m 1 'error: ' "$dir/run/$1.err") || return 1
	about "$dir/expected" "$1" | while read -r message; do
		! printf '%s\n' "$error" | grep -q "$message" || echo yes
	done | grep -q yes
}

wrong() { # wrong TOOL TEXT: with what the tool said, indented
	{
		echo "      $1: $2"
		head -n 8 "$dir/run/$1.err" | sed 's/^/      err: /'
		[ ! -s "$dir/run/$1.out" ] || tail -n 12 "$dir/run/$1.out" | cut -c 1-200 | sed 's/^/      out: /'
	} >>"$dir/wrong"
}

# Until it is attached, or has ended. A tool whose own --verbose is something else does not say that it is: ten seconds.
wait_attached() {
	tries=0 most=600
	case $1 in capable*) most=100 ;; esac
	while kill -0 "$(cat "$dir/run/$1.pid")" 2>/dev/null && ! grep -q '^Attached \|"attached_probes"' "$dir/run/$1.err" "$dir/run/$1.out"; do
		tries=$((tries + 1))
		[ "$tries" -lt "$most" ] || return 0
		sleep 0.1
	done
}

# Asks all to end, and notes before that what memory they hold and have held, in KiB: what they hold by its pages, as the sum
# in the file status leaves out what each processor has not yet added to it, some 100 KiB on many kernels.
end_all() {
	for tool in $tools; do
		[ -s "$dir/run/$tool.want" ] || continue
		pid=$(cat "$dir/run/$tool.pid")
		sed -n 's/^Rss:[^0-9]*\([0-9]*\).*/\1/p; s/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/smaps_rollup" "/proc/$pid/status" 2>/dev/null |
			sort -n >"$dir/run/$tool.memory"
		kill -INT "$pid" 2>/dev/null
	done
}

settle() {
	pid=$(cat "$dir/run/$1.pid")
	wait "$pid"
	code=$?
	if [ "$code" -ne 0 ]; then
		if { [ "$code" -eq 1 ] || [ "$code" -eq 3 ]; } && excused "$1"; then
			cannot="$cannot $1"
		else
			wrong "$1" "exit code $code"
		fi
		return
	fi
	attached=$((attached + 1))
	[ -s "$dir/run/$1.want" ] || return
	shown=$((shown + 1))
	while read -r pattern; do
		grep -qE -e "$pattern" "$dir/run/$1.out" || {
			wrong "$1" "no line like $pattern"
			shown=$((shown - 1))
			break
		}
	done <"$dir/run/$1.want"
	{ read -r now && read -r most; } <"$dir/run/$1.memory" || return 0 # it had ended by itself
	allowed=$(limit_kib "$1")
	if [ "$now" -gt "$allowed" ] || [ "$most" -gt 16384 ]; then
		wrong "$1" "it holds $now KiB and held $most KiB; $allowed and 16384 are allowed"
	fi
}

# The load

# Readline reads from a pipe, too, when the shell is interactive.
shell_load() {
	printf 'echo unmistakable words\nexit\n' | bash --norc --noprofile -i >/dev/null 2>&1
}

# in_group NAME LIMIT SWAP COMMAND...: in a memory cgroup with these limits.
in_group() (
	mkdir "/sys/fs/cgroup/$1" && echo "$2" >"/sys/fs/cgroup/$1/memory.max" &&
		echo "$3" >"/sys/fs/cgroup/$1/memory.swap.max"
	sh -c 'echo $$ >/sys/fs/cgroup/$0/cgroup.procs; shift 2; exec "$@"' "$@"
	rmdir "/sys/fs/cgroup/$1"
)

# In a guest, before the tools look for functions: what those of mdflush and xfsdist are in, and a device of two RAM disks; and
# where the guest was brought them, drivers of virtio's devices, and KVM.
guest_modules() {
	for module in libcrc32c xfs md-mod raid0 "brd rd_nr=2 rd_size=8192" virtio virtio_ring virtio_pci_modern_dev \
		virtio_pci_legacy_dev virtio_pci virtio-rng irqbypass kvm kvm-amd; do
		# shellcheck disable=SC2086 # the module and its parameters
		insmod "/modules/${module%% *}.ko" ${module#"${module%% *}"}
	done
	echo md7 >/sys/module/md_mod/parameters/new_array
	(
		cd /sys/block/md7/md || exit
		echo raid0 >level
		echo 65536 >chunk_size
		echo 2 >raid_disks
		for disk in 0 1; do
			echo 1:$disk >new_dev
			echo 8192 >dev-ram$disk/size
			echo $disk >dev-ram$disk/slot
		done
		echo active >array_state
	)
}

# A network where nobody answers, as a line of shell: on a device without others, or with another that has no address.
network='
	ip link set lo up
	ip link add load0 type dummy || {
		ip link add load0 type veth peer name load1
		ip link set load1 up
	}
	ip addr add 10.77.0.1/24 dev load0
	ip link set load0 arp on up
	echo 1 >/proc/sys/net/ipv4/neigh/load0/mcast_solicit # give up after a second
	arp -s 10.77.0.3 02:00:00:00:00:03
	load network'

# Moves to the other of two processors, each with memory of its own: after a second the kernel begins to bring its pages along.
move_node() {
	taskset 1 dd if=/dev/zero of=/dev/null bs=8M count=1000000 &
	sleep 1.5
	taskset -p 2 $!
	sleep 1.5
	kill $!
}

# In a guest: that network, a disk that may be overwritten, swap on it.
guest_load() {
	disk=/dev/nvme0n1
	insmod /modules/dummy.ko 2>/dev/null
	eval "$network"
	load disk=$disk
	dd if=/dev/zero of=/dev/md7 bs=4096 count=1 conv=fsync
	dd if=$disk of=/dev/null bs=65536 count=32
	[ ! -c /dev/hwrng ] || dd if=/dev/hwrng of=/dev/null bs=64 count=1
	[ ! -c /dev/kvm ] || load machine
	echo 1 >/proc/sys/vm/compact_memory
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkswap $disk >/dev/null
	swapon $disk
	in_group swapping 12M max load memory=16
	swapoff $disk
	in_group killed 8M 0 load memory=32
	[ ! -d /sys/devices/system/node/node1 ] || move_node
	sleep 2.2 # for what tells by the second
}

make_load() {
	if [ "$place" = host ]; then
		(
			echo 0 >"$group/cgroup.procs"
			load calls
			shell_load
			unshare -n sh -c "$network"
		)
		sleep 1.2
	else
		LOAD_MAY_NAME_HOST=yes load calls
		shell_load
		guest_load
	fi >"$dir/load" 2>&1
}

# Somebody who waits for connections, for who looks around before the load comes.
make_listener() {
	own_network=
	[ "$place" != host ] || own_network='unshare -n'
	$own_network load listen &
	others="$others $!"
}

# Servers and languages that are not here, for the tools that look at them, where $scope lets them be seen.
make_runtimes() {
	for name in mysqld postgres libjvm.so php; do
		cp "$(command -v runtime)" "$dir/$name"
		(
			[ -z "$group" ] || echo 0 >"$group/cgroup.procs"
			exec "$dir/$name"
		) &
		others="$others $!"
	done
}

# A cgroup on the host, wherever its hierarchies are mounted, and the option that narrows to it.
make_group() {
	scope=
	[ "$place" = host ] || return 0
	mkdir "$dir/cgroup"
	if ! mount -t cgroup2 none "$dir/cgroup" || ! mkdir "$dir/cgroup/skep-$runner.$$"; then
		echo "skip  $label $runner: skipped, because no cgroup can be made here"
		exit 0
	fi
	group=$dir/cgroup/skep-$runner.$$
	scope="--cgroup $group"
}

summary() { # summary OF: the line that tests/system/run would print; the end of the runner
	verdict "$attached of $1 attach, $shown of them ran and showed the load${cannot:+, this kernel does not let$cannot}"
}

verdict() { # verdict TEXT: that line, and what was wrong
	if [ -s "$dir/wrong" ]; then
		echo "FAIL  $label $runner ($1)"
		cat "$dir/wrong"
		[ ! -s "$dir/load" ] || sed 's/^/      load: /' "$dir/load"
		[ ! -s "$dir/modules" ] || sed 's/^/      modules: /' "$dir/modules"
		exit 1
	fi
	echo "ok    $label $runner ($1)"
}

attached=0 shown=0 tried=0 cannot='' tools=''
expected >"$dir/expected"
