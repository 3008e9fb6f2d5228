# Steps, operations and bits of thoughts that carry w bits.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('thought_bandwidth.gp')].'style.gp'

stats TABLES.'series.tsv' every ::0::0 using (circuits = strcol(1), fan_in = column(2), 0) nooutput
CIRCUITS = words(circuits)
array KIND[4] = ['token', 'vector', 'wires', 'gates']
array KIND_NAME[4] = ['token', 'vector', 'all wires', 'token per gate']
array KIND_MARK[4] = [7, 8, 13, 4]
array KIND_SIZE[4] = [0.55, 0.95, 0.6, 0.95] # the open ones around the full ones
# A column of the machines (or schedules) of circuit i, or nothing.
of(i, k, c) = strcol(1) eq word(circuits, i) && column(2) == fan_in && strcol(3) eq KIND[k] ? column(c) : NaN
plan(i, c) = strcol(1) eq word(circuits, i) && column(2) == fan_in ? column(c) : NaN
MACHINES = TABLES.'machines.tsv'; PLANS = TABLES.'schedule.tsv'

set multiplot
# ---- (a) steps against w
@CURVES
set lmargin at screen 0.074; set rmargin at screen 0.362; set tmargin at screen 0.880; set bmargin at screen 0.160
set label 1 heading('a', 'Steps against bits a step') at screen 0.008, screen 0.945 font HEAD textcolor rgb INK
set logscale xy; set xrange [0.8:*<9000]; set yrange [4:*]; set format x '10^{%T}'; set format y '10^{%T}'
set object 1 rect from first 0.8, graph 0 to first 17.5, graph 1 fc rgb SHADE fs solid noborder behind
set label 2 'one token' at first 1, graph 0.03 left font SMALL textcolor rgb SOFT
set xlabel 'bits a step may carry, {/:Italic w}' offset 0,0.4 textcolor rgb INK; set ylabel 'steps {/:Italic T}' offset 1.1,0 textcolor rgb INK
set key at graph 1.0,1.0 right top @KEY font SMALL
plot for [i=1:CIRCUITS] PLANS using (plan(i, 3)):(plan(i, 5)):(plan(i, 6)) with filledcurves lc rgb COLOUR[i] notitle, \
     for [i=1:CIRCUITS] PLANS using (plan(i, 3)):(plan(i, 4)) with lines lw 1.1 lc rgb COLOUR[i] notitle, \
     for [i=1:CIRCUITS] for [k=1:4] MACHINES using (of(i, k, 4)):(of(i, k, 6)) with points pt KIND_MARK[k] ps KIND_SIZE[k] lc rgb COLOUR[i] notitle, \
     for [i=1:CIRCUITS] keyentry with lines lw 1.6 lc rgb COLOUR[i] title word(circuits, i) noenhanced

# ---- (b) operations against steps
@CURVES
set lmargin at screen 0.440; set rmargin at screen 0.672; set tmargin at screen 0.880; set bmargin at screen 0.160
set label 1 heading('b', 'Operations against steps') at screen 0.378, screen 0.945 font HEAD textcolor rgb INK
set logscale xy; set xrange [4:*]; set format y '10^{%T}'; set format x '10^{%T}'
set xlabel 'steps {/:Italic T}' offset 0,0.4 textcolor rgb INK; set ylabel 'operations for one input' offset 0.6,0 textcolor rgb INK
unset key
plot for [i=1:CIRCUITS] for [k=1:4] MACHINES using (of(i, k, 6)):(of(i, k, 11)) with points pt KIND_MARK[k] ps KIND_SIZE[k] lc rgb COLOUR[i]

# ---- (c) bits that appear against bits handed on
@CURVES
set lmargin at screen 0.748; set rmargin at screen 0.978; set tmargin at screen 0.880; set bmargin at screen 0.160
set label 1 heading('c', 'Bits handed on and used') at screen 0.688, screen 0.945 font HEAD textcolor rgb INK
set logscale xy; set xrange [0.8:*]; set yrange [0.8:5000]; set format x '10^{%T}'; set xtics 100; set format y '10^{%T}'
set xlabel 'nominal bits a step' offset 0,0.4 textcolor rgb INK; set ylabel 'wires that appear in a step' offset 0.6,0 textcolor rgb INK
set key at graph 1.0,1.0 right top @KEY samplen 1.0 font SMALL
set label 2 'all of them used' at 190,150 left font SMALL textcolor rgb SOFT
plot x <= 150 ? x : NaN with lines lw 0.9 dt (6,4) lc rgb SOFT notitle, \
     for [i=1:CIRCUITS] for [k=1:4] MACHINES using (of(i, k, 10)):(of(i, k, 8)) with points pt KIND_MARK[k] ps KIND_SIZE[k] lc rgb COLOUR[i] notitle, \
     for [k=1:4] keyentry with points pt KIND_MARK[k] ps KIND_SIZE[k] lc rgb INK title KIND_NAME[k]
unset multiplot
