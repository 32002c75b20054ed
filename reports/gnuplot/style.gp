# SPDX-License-Identifier: MIT
# What all plots share. Each is drawn twice, with `kind` svg or png:
#     gnuplot -e "kind='svg'" throughput.gp
# locks.gp (written by lockproof bench) has the arrays lock, color and mark, and what was measured.
if (!exists("kind")) kind = 'svg'
if (kind eq 'svg') {
    # Black and white are exchanged by the style sheet that lockproof adds, when the page is dark.
    set terminal svg size 960,560 dynamic font 'sans-serif,15' linewidth 1.2
} else {
    set terminal pngcairo size 1440,840 font 'sans-serif,16' linewidth 2 background 'white'
}
set output plot_name.'.'.kind
load 'locks.gp'

set border 3 linecolor rgb '#767676'
set tics nomirror out textcolor rgb 'black'
set grid ytics linecolor rgb '#9a9a9a' linewidth 0.5 dashtype 3
set key outside right top noopaque samplen 3 spacing 1.25 noenhanced
set rmargin 24
set title noenhanced offset 0,0.5

# The same colour and mark for a lock in every plot; the second five lines are dashed. Two settings of
# one driver share a colour, so marks differ by place in the list.
array dashes[3] = [1, 2, 4]
do for [i = 1:|lock|] {
    set style line i linecolor rgb color[i] linewidth 2 dashtype dashes[(i - 1) / 5 % 3 + 1] \
        pointtype mark[i] pointsize 0.9
}

