# SPDX-License-Identifier: MIT
# Acquires a second, and hand-overs a second, against workers; bars from the slowest to the fastest
# repeat.
plot_name = 'throughput'
load 'style.gp'
set multiplot layout 1,2
set logscale x 2
set logscale y 10
set format y '%.0s%c'
set autoscale yfixmin
set xlabel 'workers'
set xtics (@worker_tics)
set xrange [worker_min * 0.85:worker_max * 1.18]
set errorbars small
unset key
set lmargin at screen 0.09
set rmargin at screen 0.42
set title 'Acquires per second'
set ylabel 'acquires/s'
plot for [i = 1:|lock|] 'throughput.dat' index i - 1 using 1:2:3:4 with yerrorbars linecolor rgb color[i] linewidth 0.7 pointtype -1 notitle, \
     for [i = 1:|lock|] 'throughput.dat' index i - 1 using 1:2 with linespoints linestyle i title lock[i]
set lmargin at screen 0.52
set rmargin at screen 0.84
set key at screen 0.99, screen 0.9 right top
set title 'Hand-overs per second'
set ylabel 'hand-overs/s'
plot for [i = 1:|lock|] 'throughput.dat' index i - 1 using 1:5:6:7 with yerrorbars linecolor rgb color[i] linewidth 0.7 pointtype -1 notitle, \
     for [i = 1:|lock|] 'throughput.dat' index i - 1 using 1:5 with linespoints linestyle i title lock[i]
unset multiplot
