# Gradients through a loop at initial values, by block and by injection; the Lyapunov exponent before and after training; accuracy.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
PAGE_H = 5.0
load ARG0[1 : strlen(ARG0) - strlen('gradient_flow.gp')].'style.gp'

BLOCKS = 'bare none pre post sandwich'
array OPEN[6] = [6, 4, 8, 12, 10, 14]
shown(name) = name eq 'bare' ? 'no residual, no norm' : name eq 'none' ? 'residual, no norm' : name.' norm'
key(block, injection, sharing) = block.'/'.injection.'/'.sharing.'/full/fan-in/1'
loop(block, injection) = key(block, injection, 'loop')
# A spread around T, so that blocks with equal values stay apart.
beside(x, i) = x*2**(0.09*(i - 3))

set multiplot
# ---- (a) by block
@CURVES
set lmargin at screen 0.082; set rmargin at screen 0.470; set tmargin at screen 0.935; set bmargin at screen 0.600
set label 1 heading('a', 'Gradient through {/:Italic T} loops, initial values') at screen 0.012, screen 0.972 font HEAD textcolor rgb INK
set logscale x 2; set xrange [0.9:72]; set yrange [-36:21]; set xtics (1, 2, 4, 8, 16, 32, 64)
set ytics ('10^{-30}' -30, '10^{-20}' -20, '10^{-10}' -10, '1' 0, '10^{10}' 10, '10^{20}' 20)
set xlabel 'loops {/:Italic T}' offset 0,0.4 textcolor rgb INK; set ylabel '|∂{/:Italic L}/∂{/:Italic h}_0| / |∂{/:Italic L}/∂{/:Italic h}_{/:Italic T}|' offset 0.6,0 textcolor rgb INK
set key at graph 0.02,0.02 left bottom @KEY font SMALL maxrows 5
plot for [i=1:5] TABLES.'flow.tsv' using 3:(strcol(1) eq loop(word(BLOCKS, i), 'none') ? column(5) : NaN):6 with filledcurves lc rgb COLOUR[i] notitle, \
     for [i=1:5] TABLES.'flow.tsv' using 3:(strcol(1) eq key(word(BLOCKS, i), 'none', 'layers') ? column(4) : NaN) with lines lw 1.0 dt (5,4) lc rgb COLOUR[i] notitle, \
     for [i=1:5] TABLES.'flow.tsv' using 3:(strcol(1) eq loop(word(BLOCKS, i), 'none') ? column(4) : NaN) with linespoints lw 1.2 pt MARKER[i] ps 0.4 lc rgb COLOUR[i] notitle, \
     for [i=1:5] TABLES.'flow.tsv' using 3:(strcol(1) eq loop(word(BLOCKS, i), 'none') && column(8) > 0 ? 21 : NaN) with points pt OPEN[i] ps 0.8 lc rgb COLOUR[i] notitle, \
     for [i=1:5] TABLES.'flow.tsv' using 3:(strcol(1) eq loop(word(BLOCKS, i), 'none') && column(9) > 0 ? -36 : NaN) with points pt OPEN[i] ps 0.8 lc rgb COLOUR[i] notitle, \
     for [i=1:5] keyentry with linespoints lw 1.2 pt MARKER[i] ps 0.5 lc rgb COLOUR[i] title shown(word(BLOCKS, i))

# ---- (b) by injection
@CURVES
set lmargin at screen 0.590; set rmargin at screen 0.985; set tmargin at screen 0.935; set bmargin at screen 0.600
set label 1 heading('b', 'The same with the input injected') at screen 0.520, screen 0.972 font HEAD textcolor rgb INK
set logscale x 2; set xrange [0.9:72]; set xtics (1, 2, 4, 8, 16, 32, 64)
set yrange [-17:5]; set ytics ('10^{-15}' -15, '10^{-10}' -10, '10^{-5}' -5, '1' 0, '10^5' 5)
set xlabel 'loops {/:Italic T}' offset 0,0.4 textcolor rgb INK; set ylabel '|∂{/:Italic L}/∂{/:Italic h}_0| / |∂{/:Italic L}/∂{/:Italic h}_{/:Italic T}|' offset 0.6,0 textcolor rgb INK
set key at graph 0.02,0.02 left bottom @KEY font SMALL
plot for [i=3:5] TABLES.'flow.tsv' using 3:(strcol(1) eq loop(word(BLOCKS, i), 'add') ? column(5) : NaN):6 with filledcurves lc rgb COLOUR[i] notitle, \
     for [i=3:5] TABLES.'flow.tsv' using 3:(strcol(1) eq loop(word(BLOCKS, i), 'norm') ? column(5) : NaN):6 with filledcurves lc rgb COLOUR[i] notitle, \
     for [i=3:5] TABLES.'flow.tsv' using 3:(strcol(1) eq loop(word(BLOCKS, i), 'add') ? column(4) : NaN) with linespoints lw 1.2 pt MARKER[i] ps 0.4 lc rgb COLOUR[i] notitle, \
     for [i=3:5] TABLES.'flow.tsv' using 3:(strcol(1) eq loop(word(BLOCKS, i), 'norm') ? column(4) : NaN) with linespoints lw 1.2 dt (5,4) pt OPEN[i] ps 0.5 lc rgb COLOUR[i] notitle, \
     for [i=3:5] TABLES.'flow.tsv' using 3:(strcol(1) eq loop(word(BLOCKS, i), 'norm') ? column(10) : NaN) with lines lw 0.6 lc rgb COLOUR[i] notitle, \
     keyentry with lines lw 1.2 lc rgb INK title 'added', \
     keyentry with lines lw 1.2 dt (5,4) lc rgb INK title 'added, then a norm', \
     keyentry with lines lw 0.6 lc rgb INK title 'the same, and round the loop'

# ---- (c) exponents
@CURVES
set lmargin at screen 0.082; set rmargin at screen 0.470; set tmargin at screen 0.435; set bmargin at screen 0.100
set label 1 heading('c', 'Lyapunov exponent, ln {/:Italic σ}_1 / {/:Italic T}') at screen 0.012, screen 0.472 font HEAD textcolor rgb INK
set xrange [-1.7:2.6]; set yrange [-2.4:3.4]; set xtics 1; set ytics 1
set xlabel 'before training (nats per loop)' offset 0,0.4 textcolor rgb INK; set ylabel 'after training' offset 0.6,0 textcolor rgb INK
set key at graph 0.02,0.99 left top @KEY font SMALL
set arrow 1 from -1.7,0 to 2.6,0 nohead lw 0.8 lc rgb SOFT; set arrow 2 from 0,-2.4 to 0,3.4 nohead lw 0.8 lc rgb SOFT
plot [-1.7:2.6] x with lines lw 1.0 lc rgb SOFT notitle, \
     for [i=1:5] TABLES.'exponents.tsv' using 4:(strcol(1) eq word(BLOCKS, i) && column(6) == 0 ? column(5) : NaN) with points pt OPEN[i] ps 0.5 lc rgb COLOUR[i] notitle, \
     for [i=1:5] TABLES.'exponents.tsv' using 4:(strcol(1) eq word(BLOCKS, i) && column(6) == 1 ? column(5) : NaN) with points pt MARKER[i] ps 0.4 lc rgb COLOUR[i] notitle, \
     keyentry with points pt 7 ps 0.5 lc rgb INK title 'solved', \
     keyentry with points pt 6 ps 0.6 lc rgb INK title 'not solved'

# ---- (d) accuracy
@CURVES
set lmargin at screen 0.590; set rmargin at screen 0.985; set tmargin at screen 0.435; set bmargin at screen 0.100
set label 1 heading('d', 'Accuracy after training') at screen 0.520, screen 0.472 font HEAD textcolor rgb INK
set logscale x 2; set xrange [1.7:76]; set xtics (2, 4, 8, 16, 32, 64); set yrange [-0.03:1.04]; set ytics 0.2
set xlabel 'loops {/:Italic T}' offset 0,0.4 textcolor rgb INK; set ylabel 'of parities on fresh strings' offset 0.6,0 textcolor rgb INK
set key at graph 0.02,0.06 left bottom @KEY font SMALL
set arrow 1 from 1.7,0.5 to 76,0.5 nohead lw 0.8 lc rgb SOFT; set label 2 'chance' at 1.8,0.455 font SMALL textcolor rgb SOFT
plot for [i=1:5] TABLES.'trained.tsv' using (beside($2, i)):(strcol(1) eq loop(word(BLOCKS, i), 'none') ? column(7) : NaN):8:9 with yerrorbars pt 0 lw 0.8 lc rgb COLOUR[i] notitle, \
     for [i=1:5] TABLES.'trained.tsv' using (beside($2, i)):(strcol(1) eq loop(word(BLOCKS, i), 'none') ? column(7) : NaN) with linespoints lw 1.2 pt MARKER[i] ps 0.4 lc rgb COLOUR[i] notitle, \
     for [i=3:5] TABLES.'trained.tsv' using (beside($2, i)):(strcol(1) eq loop(word(BLOCKS, i), 'norm') ? column(7) : NaN) with linespoints lw 1.2 dt (5,4) pt OPEN[i] ps 0.5 lc rgb COLOUR[i] notitle, \
     keyentry with lines lw 1.2 lc rgb INK title 'no injection', \
     keyentry with lines lw 1.2 dt (5,4) lc rgb INK title 'added, then a norm'
unset multiplot
