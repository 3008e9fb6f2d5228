# Bits about a circuit's gates in the states of a looped evaluator, by level and loop, in all, and gained by each loop.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
PAGE_H = 2.9
load ARG0[1 : strlen(ARG0) - strlen('loop_bits.gp')].'style.gp'

depth = 1; T = 1; MOST = 1; GAINED = 1
stats TABLES.'names.tsv' using (depth = column(1), 0) nooutput
stats TABLES.'total.tsv' using (column(2) == depth ? (T = column(3) > T ? column(3) : T, MOST = column(4) > MOST ? column(4) : MOST, GAINED = column(9) > GAINED ? column(9) : GAINED, 0) : 0) nooutput
array NAME[4] = ['trained', 'constructed', 'as initialised', 'shuffled']
SIDES = "set tmargin at screen 0.870; set bmargin at screen 0.190"
xstep = T > 6 ? 2 : 1
# Levels from dark to light.
ink(l) = depth > 1 ? (l - 1) / (depth - 1) * 0.88 : 0

set multiplot
# ---- (a) by level
@CURVES; @SIDES; set lmargin at screen 0.078; set rmargin at screen 0.345
set label 1 heading('a', 'By level, trained') at screen 0.008, screen 0.945 font HEAD textcolor rgb INK
set xrange [0.5:T + 0.5]; set yrange [-0.03:1.1]; set xtics xstep; set ytics 0.2; set format y '%.1f'
set xlabel 'loops' offset 0,0.4 textcolor rgb INK; set ylabel 'bits a gate' offset 0.2,0 textcolor rgb INK
set cbrange [0:1]; unset colorbox; unset key
do for [l = 1:int(depth)] { set label 10 + l sprintf('%d', l) at first l, first 1.055 center font SMALL textcolor palette cb ink(l) }
set label 10 'level' at first depth + 0.45, first 1.055 left font SMALL textcolor rgb SOFT
plot for [l = 1:int(depth)] TABLES.'levels.tsv' using (column(1) == 0 && column(2) == depth && column(3) == l ? column(4) : NaN):5:6:7 with yerrorlines lw 1.0 pt MARKER[(l - 1) % 6 + 1] ps 0.4 lc palette cb ink(l) notitle

# ---- (b) in all
@CURVES; @SIDES; set lmargin at screen 0.425; set rmargin at screen 0.675
set label 1 heading('b', 'All gates') at screen 0.365, screen 0.945 font HEAD textcolor rgb INK
set xrange [0.5:T + 0.5]; set yrange [-0.03 * MOST:1.55 * MOST]; set xtics xstep; set ytics auto
set xlabel 'loops' offset 0,0.4 textcolor rgb INK; set ylabel 'bits' offset 0.8,0 textcolor rgb INK
set arrow 1 from first depth, graph 0 to first depth, graph 0.64 nohead dt (2,3) lc rgb SOFT
set key at graph 0.02,1.0 left top @KEY font SMALL
plot TABLES.'total.tsv' using (column(1) == 1 && column(2) == depth ? column(3) : NaN):4 with lines lw 1.0 lc rgb INK title NAME[2], \
     for [k = 0:3] TABLES.'total.tsv' using (k != 1 && column(1) == k && column(2) == depth ? column(3) : NaN):4:5:6 with yerrorlines lw 1.0 pt MARKER[k + 1] ps 0.45 lc rgb COLOUR[k + 1] title (k == 1 ? '' : NAME[k + 1])

# ---- (c) by loop
@CURVES; @SIDES; set lmargin at screen 0.750; set rmargin at screen 0.992
set label 1 heading('c', 'Gained by each loop') at screen 0.695, screen 0.945 font HEAD textcolor rgb INK
set xrange [0.5:T + 0.5]; set yrange [-0.25 * GAINED:1.25 * GAINED]; set xtics xstep; set ytics auto
set xlabel 'loops' offset 0,0.4 textcolor rgb INK; set ylabel 'bits' offset 0.8,0 textcolor rgb INK
set arrow 1 from first depth, graph 0 to first depth, graph 1 nohead dt (2,3) lc rgb SOFT
unset key
plot TABLES.'total.tsv' using (column(1) == 1 && column(2) == depth ? column(3) : NaN):7 with lines lw 1.0 lc rgb INK notitle, \
     for [k = 0:3] TABLES.'total.tsv' using (k != 1 && column(1) == k && column(2) == depth ? column(3) : NaN):7:8:9 with yerrorlines lw 1.0 pt MARKER[k + 1] ps 0.45 lc rgb COLOUR[k + 1] notitle
unset multiplot
