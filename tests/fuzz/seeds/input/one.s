.license Dual BSD/GPL
.kind kprobe 3
r2 = subprog[f]
r0 = 0xffffffff11 ll
.raw 0xff, 15, 7, -1, 5
exit
f:
exit
