# Exact information of noisy channels and what estimators make of it; where neighbours and counts are right.
PAGE_H = 6.2
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('noisy_channel.gp')].'style.gp'
E1 = TABLES.'estimates.tsv'; LINES = TABLES.'lines.tsv'

# The largest number of samples that was run, and the numbers a side.
most = 0; ds = ''
in(list, word) = strstrt(' '.list.' ', ' '.word.' ') > 0
stats E1 using (most = column(10) > most ? column(10) : most, ds = in(ds, strcol(9)) ? ds : ds.' '.strcol(9), 0) nooutput

TOPL = "set lmargin at screen 0.078; set rmargin at screen 0.465; set tmargin at screen 0.940; set bmargin at screen 0.575"
TOPR = "set lmargin at screen 0.585; set rmargin at screen 0.985; set tmargin at screen 0.940; set bmargin at screen 0.575"
LOWL = "set lmargin at screen 0.078; set rmargin at screen 0.465; set tmargin at screen 0.432; set bmargin at screen 0.090"
LOWR = "set lmargin at screen 0.585; set rmargin at screen 0.985; set tmargin at screen 0.432; set bmargin at screen 0.090"

set multiplot
# ---- (a) capacity against noise
@CURVES
@TOPL
set label 1 heading('a', 'Capacity of one noisy use') at screen 0.008, screen 0.972 font HEAD textcolor rgb INK
set logscale x; set xrange [0.02:6]; set yrange [-0.15:9]; set ytics 2
set xlabel 'noise {/:Italic σ}, or temperature' offset 0,0.4 textcolor rgb INK; set ylabel 'bits a use' offset 0.8,0 textcolor rgb INK
set key at graph 0.99,1.0 right top @KEY font SMALL
array NAME[4] = ['cells', 'cells', 'cells', 'token']; array BITS[4] = [1, 2, 4, 4]
array SAY[4] = ['2 levels', '4 levels', '16 levels', '16 tokens']
line(i) = strcol(4) eq NAME[i] && column(5) == BITS[i]
mark(i) = strcol(8) eq NAME[i] && column(9) == BITS[i] && column(10) == most && strcol(7) eq 'grassberger'
plot LINES using 1:(strcol(4) eq 'shannon' ? column(2) : NaN) with lines lw 1.0 dt (4,3) lc rgb INK title 'Shannon, |{/:Italic x}| ≤ 1', \
     for [i=1:4] LINES using 1:(line(i) ? column(2) : NaN) with lines lw 1.3 lc rgb COLOUR[i] notitle, \
     for [i=1:4] E1 using 1:(mark(i) ? column(2) : NaN):3:4 with yerrorbars lw 0.8 pt MARKER[i] ps 0.5 lc rgb COLOUR[i] notitle, \
     for [i=1:4] E1 using 1:(mark(i) ? column(6) : NaN) with points pt MARKER[i]-1 ps 0.5 lc rgb COLOUR[i] notitle, \
     for [i=1:4] keyentry with linespoints lw 1.3 pt MARKER[i] ps 0.5 lc rgb COLOUR[i] title SAY[i], \
     keyentry with points pt MARKER[1]-1 ps 0.5 lc rgb INK title 'shuffled'

# ---- (b) every estimator
@CURVES
@TOPR
set label 1 heading('b', 'Four bits by four noisy numbers') at screen 0.515, screen 0.972 font HEAD textcolor rgb INK
set logscale x; set xrange [0.2:5.5]; set yrange [-0.25:8]; set ytics 1; set xtics (0.3, 0.6, 1, 1.7, 3)
set xlabel 'noise {/:Italic σ}' offset 0,0.4 textcolor rgb INK; set ylabel 'bits' offset 1.4,0 textcolor rgb INK
set key at graph 1.0,1.0 right top @KEY font SMALL
array WHICH[6] = ['plugin', 'grassberger', 'ksg1', 'decoder', 'hard', 'fano']
array READ[6] = ['plug-in, of decided bits', 'Grassberger, same', 'neighbours', 'decoder', 'its errors, bitwise', 'its errors, Fano']
array SHIFT[6] = [0.90, 0.94, 0.98, 1.02, 1.06, 1.10]
one(i) = strcol(8) eq 'bits' && column(9) == 4 && column(10) == most && strcol(7) eq WHICH[i] && column(1) >= 0.2
plot LINES using 1:(strcol(4) eq 'bits' ? column(2) : NaN) with lines lw 1.3 lc rgb INK title 'exact', \
     for [i=1:6] E1 using (column(1)*SHIFT[i]):(one(i) ? column(2) : NaN):3:4 with yerrorbars lw 0.8 pt MARKER[i] ps 0.5 lc rgb COLOUR[i] title READ[i], \
     for [i=1:6] E1 using (column(1)*SHIFT[i]):(one(i) ? column(6) : NaN) with points pt MARKER[i]-1 ps 0.5 lc rgb COLOUR[i] notitle

# ---- (c) neighbours: one curve for each number of numbers
@CURVES
@LOWL
set label 1 heading('c', 'Neighbours: right where little is sent') at screen 0.008, screen 0.470 font HEAD textcolor rgb INK
set logscale x; set xrange [0.012:20]; set yrange [0:1.25]; set ytics 0.2 format '%.1f'
set xlabel 'exact information / log_2(samples / {/:Italic k})' offset 0,0.2 textcolor rgb INK; set ylabel 'estimate / exact' offset 0.4,0 textcolor rgb INK
set key at graph 0.99,1.0 right top @KEY font SMALL
set object 1 rect from graph 0, first 0.9 to graph 1, first 1.1 fc rgb SHADE fs solid 1.0 noborder behind
set samples 400
set label 2 "most that\ncan be seen" at 3.1,0.46 font SMALL textcolor rgb SOFT
near(i) = strcol(8) eq 'gaussian' && strcol(7) eq 'ksg1' && strcol(9) eq word(ds, i) && column(10) >= 512 && column(5) >= 0.25
plot (x < 1 ? 1 : 1/x) with lines lw 1.0 lc rgb SOFT notitle, \
     for [i=1:words(ds)] E1 using 11:(near(i) ? column(12) : NaN):(column(3)/column(5)):(column(4)/column(5)) with yerrorbars lw 0.6 pt MARKER[i] ps 0.5 lc rgb COLOUR[i] title sprintf('{/:Italic d} = %s', word(ds, i))

# ---- (d) counts
@CURVES
@LOWR
set label 1 heading('d', 'Counts: right with many samples a cell') at screen 0.515, screen 0.470 font HEAD textcolor rgb INK
set logscale xy; set xrange [0.001:3000]; set yrange [1e-4:2e2]; set format xy '10^{%T}'
set xlabel 'samples / cells' offset 0,0.2 textcolor rgb INK; set ylabel 'error (bits)' offset 1.0,0 textcolor rgb INK
set key at graph 0.99,1.0 right top @KEY font SMALL
array ASIDE[3] = [0.8, 1, 1.25]; array COUNT[3] = ['plugin', 'miller_madow', 'grassberger']; array CALL[3] = ['plug-in', 'Miller and Madow', 'Grassberger']
set object 1 rect from graph 0, graph 0 to graph 1, first 0.1 fc rgb SHADE fs solid 1.0 noborder behind
letters(i) = strcol(7) eq COUNT[i] && (strcol(8) eq 'cells' || strcol(8) eq 'token')
plot (x >= 0.7 ? 0.7213/x : NaN) with lines lw 1.0 lc rgb SOFT title 'plug-in, all cells filled', \
     for [i=1:3] E1 using (column(14)*ASIDE[i]):(letters(i) ? column(13) : NaN) with points pt MARKER[i] ps 0.45 lc rgb COLOUR[i] title CALL[i]
unset multiplot
