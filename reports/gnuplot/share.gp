# SPDX-License-Identifier: MIT
# Who gets the lock: each worker's acquires over an equal share, from the busiest to the idlest.
plot_name = 'share'
load 'style.gp'
set title sprintf('Share of each worker, %d workers (1: an equal share)', shown_workers)
set xlabel 'worker, from the busiest to the idlest'
set ylabel 'acquires, relative to an equal share'
set yrange [0:*]
set xrange [0.5:shown_workers + 0.5]
set xtics autofreq
set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead linecolor rgb '#767676' dashtype 2 back
plot for [i = 1:|lock|] 'share.dat' index i - 1 using 1:2 with linespoints linestyle i title lock[i]
