.map counts hash 4 8 16
.map .rodata array 4 16 1 0x80
.data .rodata 4 2a
.prog count xdp
r1 = map[fd:counts]
r2 = map[fd:.rodata][0]+4
call look
r0 = 2
exit
look:
if r2 == 0 goto out
call ktime_get_ns
out:
r0 = 0
exit
.prog other kprobe/do_nothing
call kfunc#bpf_rcu_read_lock
r0 = 0
exit
