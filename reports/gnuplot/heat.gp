# SPDX-License-Identifier: MIT
# Contention: how much of their time workers spend waiting for the lock.
plot_name = 'heat'
load 'style.gp'
set title 'Contention: share of the workers'' time spent waiting for the lock'
unset key
unset grid
set xlabel 'workers'
set xtics (@heat_xtics) scale 0
set ytics (@heat_ytics) scale 0 noenhanced
set yrange [|lock| - 0.5:-0.5] noextend
set xrange [-0.5:worker_counts - 0.5] noextend
set rmargin 10
set border 0
set cbrange [0:100]
set cblabel 'waiting [%]'
# Cividis-like: lightness alone tells the value, for every kind of colour vision.
set palette defined (0 '#fdf6d8', 25 '#d9c97f', 50 '#9a9a78', 75 '#4f6a7c', 100 '#00306f')
plot 'heat.dat' using 1:2:3 with image pixels, \
     '' using 1:2:(sprintf('%.0f %%', $3)):($3 > 55 ? 0xffffff : 0x1a1a1a) with labels textcolor rgb variable
