# What a thought holds, what searches cost, and how large a set can be read from few channels.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('superposition.gp')].'style.gp'

set tmargin at screen 0.880; set bmargin at screen 0.160

stats TABLES.'series.tsv' every ::0::0 using (products = column(1), steps = column(2), width = column(3), 0) nooutput
# A panel without results: its axes and two words.
EMPTY = "set label 9 'not run' at graph 0.5,0.5 center font SMALL textcolor rgb SOFT; plot 1e9 notitle"

set multiplot
# ---- (a) products with the thought
@CURVES
set lmargin at screen 0.080; set rmargin at screen 0.320
set label 1 heading('a', 'What a thought holds') at screen 0.008, screen 0.945 font HEAD textcolor rgb INK
set yrange [-0.05:1.45]; set ytics 0,0.2,1 format '%.1f'; set xtics 1; set xrange [-0.3:*]
set xlabel 'thought {/:Italic c}' offset 0,0.4 textcolor rgb INK; set ylabel 'product with a node' offset 1.0,0 textcolor rgb INK
set key at graph 0.99,1.00 right top @KEY font SMALL maxrows 6
T = TABLES.'products.tsv'
if (products) {
plot T using 1:(column(7) == 0 ? column(4) : NaN):(column(7) == 0 ? column(5) : NaN) with filledcurves lc rgb COLOUR[1] notitle, \
     T using 1:(column(7) == 0 ? column(3) : NaN) with lines lw 1.3 lc rgb COLOUR[1] notitle, \
     T using 1:(column(7) == 0 ? column(2) : NaN) with points pt MARKER[1] ps 0.6 lc rgb COLOUR[1] notitle, \
     T using 1:(column(7) == 0 ? column(6) : NaN) with points pt MARKER[2] ps 0.6 lc rgb COLOUR[2] notitle, \
     T using 1:(column(7) == 1 ? column(2) : NaN) with points pt 6 ps 0.6 lc rgb SOFT notitle, \
     T using 1:(column(7) == 1 ? column(6) : NaN) with points pt 4 ps 0.6 lc rgb SOFT notitle, \
     keyentry with linespoints lw 1.3 pt MARKER[1] ps 0.6 lc rgb COLOUR[1] title 'in {/:Italic V_c}, on 1/√|{/:Italic V_c}|', \
     keyentry with points pt MARKER[2] ps 0.6 lc rgb COLOUR[2] title 'outside, largest', \
     keyentry with points pt 6 ps 0.6 lc rgb SOFT title 'in, {/:Italic τ} / 10', \
     keyentry with points pt 4 ps 0.6 lc rgb SOFT title 'outside, {/:Italic τ} / 10'
} else { @EMPTY }

# ---- (b) what searches cost
@CURVES
set lmargin at screen 0.402; set rmargin at screen 0.650
set label 1 heading('b', 'Steps to the target') at screen 0.342, screen 0.945 font HEAD textcolor rgb INK
set logscale x 2; set logscale y 10; set xtics (1, 2, 4, 8, 16, 32); set xrange [0.9:36]
set yrange [0.7:3e8]; set ytics 100 format '10^{%T}'
set xlabel 'distance {/:Italic D} of the target' offset 0,0.4 textcolor rgb INK; set ylabel 'steps or tokens' offset 0.8,0 textcolor rgb INK
set key at graph -0.02,1.00 left top @KEY font SMALL maxrows 3 width 0
T = TABLES.'steps.tsv'
if (steps) {
plot T using 1:8 with lines lw 1.2 dt (6,4) lc rgb SOFT notitle, \
     T using 1:1 with lines lw 1.3 lc rgb COLOUR[1] notitle, \
     T using 1:2 with points pt MARKER[1] ps 0.7 lc rgb COLOUR[1] notitle, \
     T using 1:6 with lines lw 1.3 lc rgb COLOUR[2] notitle, \
     T using 1:7 with points pt MARKER[2] ps 0.6 lc rgb COLOUR[2] notitle, \
     T using 1:5 with linespoints lw 1.0 pt MARKER[3] ps 0.6 lc rgb COLOUR[3] notitle, \
     T using 1:4 with linespoints lw 1.0 pt MARKER[4] ps 0.6 lc rgb COLOUR[4] notitle, \
     T using 1:3 with linespoints lw 1.0 pt MARKER[5] ps 0.6 lc rgb COLOUR[5] notitle, \
     keyentry with linespoints lw 1.3 pt MARKER[2] ps 0.6 lc rgb COLOUR[2] title 'descents', \
     keyentry with lines lw 1.2 dt (6,4) lc rgb SOFT title '{/:Italic n}^2', \
     keyentry with linespoints lw 1.0 pt MARKER[3] ps 0.6 lc rgb COLOUR[3] title 'BFS edges', \
     keyentry with linespoints lw 1.0 pt MARKER[4] ps 0.6 lc rgb COLOUR[4] title 'BFS nodes', \
     keyentry with linespoints lw 1.3 pt MARKER[1] ps 0.7 lc rgb COLOUR[1] title 'thoughts', \
     keyentry with linespoints lw 1.0 pt MARKER[5] ps 0.6 lc rgb COLOUR[5] title 'squaring'
} else { @EMPTY }

# ---- (c) too few channels
@CURVES
set lmargin at screen 0.750; set rmargin at screen 0.978
C = TABLES.'capacity.tsv'
array CHANNELS[5]; array LABEL[5]; count = 0; nodes = 0
note(n, d, drawn, text) = drawn == 1 && count < 5 ? (count = count + 1, CHANNELS[count] = d, LABEL[count] = text, nodes = n, 0) : 0
if (width) { stats C using (note(column(1), column(2), column(8), strcol(9))) nooutput }
set label 1 heading('c', 'Sets read from the sum') at screen 0.692, screen 0.945 font HEAD textcolor rgb INK
set logscale x 2; set xrange [0.9:*]; set xtics (1, 2, 4, 8, 16, 32, 64); set yrange [-0.03:1.85]; set ytics 0,0.25,1 format '%.2f'
set xlabel sprintf('{/:Italic k} of %g nodes', nodes) offset 0,0.4 textcolor rgb INK; set ylabel 'probability of reading' offset 0.8,0 textcolor rgb INK
set key at graph -0.02,1.00 left top @KEY font SMALL maxrows 6 maxcols 1 width -2
T = TABLES.'width.tsv'
if (width) {
plot for [i=1:count] T using 1:(column(6) == CHANNELS[i] && column(7) == nodes ? column(5) : NaN) with lines lw 1.2 lc rgb COLOUR[i] notitle, \
     for [i=1:count] T using 1:(column(6) == CHANNELS[i] && column(7) == nodes ? column(3) : NaN):(0):(column(4) - column(3)) with vectors nohead lw 0.8 lc rgb COLOUR[i] notitle, \
     for [i=1:count] T using 1:(column(6) == CHANNELS[i] && column(7) == nodes ? column(2) : NaN) with points pt MARKER[i] ps 0.4 lc rgb COLOUR[i] notitle, \
     for [i=1:count] keyentry with linespoints lw 1.2 pt MARKER[i] ps 0.5 lc rgb COLOUR[i] title sprintf('{/:Italic d} = %g: %s', CHANNELS[i], LABEL[i])
} else { @EMPTY }
unset multiplot
