# SPDX-License-Identifier: MIT
# Waiting while the run goes on: for each lock the longest wait that ended in each slice of time, and
# the mean of all that did. One strip a lock, all on the same scale.
plot_name = 'waits'
load 'style.gp'
unset key
set lmargin at screen 0.16
set rmargin at screen 0.90
set xrange [0:shown_ms]
set logscale y 10
set yrange [30:3e9]
set ytics ('1 µs' 1e3, '1 ms' 1e6, '1 s' 1e9) font ',11'
set xtics format ''
set boxwidth shown_ms / 60.0 * 0.9
set style fill solid 0.35 noborder
top = 0.92
height = (top - 0.11) / |lock|
set multiplot title sprintf('Longest wait that ended in each 1/60 of the run (bars), mean wait (dots), %d workers', shown_workers)
do for [i = 1:|lock|] {
    set tmargin at screen top - (i - 1) * height - 0.008
    set bmargin at screen top - i * height + 0.008
    set label 1 lock[i] at screen 0.012, screen top - (i - 0.5) * height left textcolor rgb color[i] noenhanced
    if (i == |lock|) {
        set xtics format '%g'
        set xlabel 'time since the start [ms]'
    }
    plot 'waits.dat' index i - 1 using 1:3 with boxes linecolor rgb color[i], \
         '' index i - 1 using 1:2 with points linecolor rgb color[i] pointtype 7 pointsize 0.35
}
unset multiplot
