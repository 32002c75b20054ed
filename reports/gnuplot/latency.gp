# SPDX-License-Identifier: MIT
# How long an acquire takes, by percentile: the axis grows by one nine from tick to tick (after
# Gil Tene's HdrHistogram).
plot_name = 'latency'
load 'style.gp'
set title sprintf('Time to acquire by percentile, %d workers', shown_workers)
set logscale x 10
set logscale y 10
set xlabel 'percentile'
set xtics ('50 %%' 2, '90 %%' 10, '99 %%' 100, '99.9 %%' 1e3, '99.99 %%' 1e4, '99.999 %%' 1e5, '99.9999 %%' 1e6)
set ylabel 'time to acquire'
set ytics ('10 ns' 10, '100 ns' 100, '1 µs' 1e3, '10 µs' 1e4, '100 µs' 1e5, '1 ms' 1e6, '10 ms' 1e7, '100 ms' 1e8, '1 s' 1e9, '10 s' 1e10)
set grid xtics ytics linecolor rgb '#9a9a9a' linewidth 0.5 dashtype 3
set xrange [1:*]
plot for [i = 1:|lock|] 'latency.dat' index i - 1 using 1:2 with linespoints linestyle i pointinterval 6 title lock[i]
