# Leak against sharpness, wrong wires after many loops against sharpness, and the logits that address codes need.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('leak_law.gp')].'style.gp'

stats TABLES.'series.tsv' every ::0::0 using (bits = strcol(1), kappas = strcol(2), 0) nooutput
set tmargin at screen 0.880; set bmargin at screen 0.160

set multiplot
# ---- (a) leak
@CURVES
set lmargin at screen 0.072; set rmargin at screen 0.320
set label 1 heading('a', 'Softmax leak') at screen 0.008, screen 0.945 font HEAD textcolor rgb INK
set xrange [0:8]; set xtics 2
set logscale y 10; set yrange [1e-7:1.5]; set ytics 100 format '10^{%T}'
set xlabel 'sharpness {/:Italic β}' offset 0,0.4 textcolor rgb INK; set ylabel 'weight off the target' offset 0.8,0 textcolor rgb INK
set key at graph 0.02,0.03 left bottom @KEY font SMALL
plot for [i=1:words(bits)] TABLES.'leak.tsv' using 1:(column(4) == word(bits, i)+0 ? column(3) : NaN) with lines lw 1.3 lc rgb COLOUR[i] notitle, \
     for [i=1:words(bits)] TABLES.'leak.tsv' using 1:(column(4) == word(bits, i)+0 ? column(2) : NaN) with points pt MARKER[i] ps 0.42 lc rgb COLOUR[i] notitle, \
     for [i=1:words(bits)] keyentry with linespoints lw 1.3 pt MARKER[i] ps 0.5 lc rgb COLOUR[i] title sprintf('{/:Italic N} = 2^{%s}', word(bits, i))

# ---- (b) wrong wires
@CURVES
set lmargin at screen 0.412; set rmargin at screen 0.650
set label 1 heading('b', 'Wires lost in loops') at screen 0.352, screen 0.945 font HEAD textcolor rgb INK
set xrange [1:3.6]; set xtics 0.5 format '%.1f'; set yrange [-0.03:1.08]; set ytics 0.25 format '%.2f'
set xlabel 'sharpness {/:Italic β}' offset 0,0.4 textcolor rgb INK; set ylabel 'wrong wires per wire at 1' offset 0.8,0 textcolor rgb INK
set key at graph 1.02,0.80 right top @KEY font SMALL
plot for [i=1:words(kappas)] TABLES.'threshold.tsv' using 2:(column(1) == word(kappas, i)+0 ? 0 : NaN):(0):(1.03) with vectors nohead lw 1.2 dt (5,4) lc rgb COLOUR[i] notitle, \
     for [i=1:words(kappas)] TABLES.'loops.tsv' using 1:(column(4) == word(kappas, i)+0 ? column(3) : NaN) with lines lw 0.7 lc rgb COLOUR[i] notitle, \
     for [i=1:words(kappas)] TABLES.'loops.tsv' using 1:(column(4) == word(kappas, i)+0 ? column(2) : NaN) with points pt MARKER[i] ps 0.45 lc rgb COLOUR[i] notitle, \
     for [i=1:words(kappas)] keyentry with points pt MARKER[i] ps 0.5 lc rgb COLOUR[i] title sprintf('{/:Italic κ} = %s', word(kappas, i)), \
     keyentry with lines lw 0.7 lc rgb INK title 'random', \
     keyentry with lines lw 1.2 dt (5,4) lc rgb INK title 'certified'

# ---- (c) address codes
@CURVES
set lmargin at screen 0.757; set rmargin at screen 0.985
set label 1 heading('c', 'Logits for leak 1/8') at screen 0.690, screen 0.945 font HEAD textcolor rgb INK
set logscale x 2; set logscale y 10; set xrange [3:1.4e6]; set yrange [1:1e36]
set xtics ('2^4' 16, '2^8' 256, '2^{12}' 4096, '2^{16}' 65536, '2^{20}' 1048576); set ytics 1e6 format '10^{%T}'
set xlabel 'addresses {/:Italic N}' offset 0,0.4 textcolor rgb INK; set ylabel 'largest |logit|' offset 0.8,0 textcolor rgb INK
set arrow 1 from 3,2**24 to 1.4e6,2**24 nohead lw 0.8 dt (6,5) lc rgb SOFT back
set label 3 '2^{24}' at 4,3e8 font SMALL textcolor rgb SOFT
set key at graph 0.02,0.99 left top @KEY font SMALL
array NAME[4] = ['binary', 'circle', 'hash', 'quadratic']
array SHOWN[4] = ['binary, ±1', 'circle', 'layer-norm hash', 'expanded square']
plot for [i=1:4] TABLES.'codes.tsv' using 1:(strcol(4) eq NAME[i] ? column(2) : NaN) with linespoints lw 1.3 pt MARKER[i] ps 0.5 lc rgb COLOUR[i] notitle, \
     for [i=1:4] keyentry with linespoints lw 1.3 pt MARKER[i] ps 0.5 lc rgb COLOUR[i] title SHOWN[i]
unset multiplot
