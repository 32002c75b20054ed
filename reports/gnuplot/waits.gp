# SPDX-License-Identifier: MIT
# Waiting while the run goes on: the longest wait that ended in each slice of time.
plot_name = 'waits'
load 'style.gp'
set title sprintf('Longest wait over time, %d workers', shown_workers)
set xlabel 'time since the start [ms]'
set ylabel 'longest wait that ended then'
set logscale y 10
set ytics ('10 ns' 10, '100 ns' 100, '1 µs' 1e3, '10 µs' 1e4, '100 µs' 1e5, '1 ms' 1e6, '10 ms' 1e7, '100 ms' 1e8, '1 s' 1e9, '10 s' 1e10)
plot for [i = 1:|lock|] 'waits.dat' index i - 1 using 1:3 with linespoints linestyle i pointinterval 8 title lock[i]
