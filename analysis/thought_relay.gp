# Bits recovered through a thought: against bits sent, against log2 K, against d, under noise, with few levels, in a row.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
PAGE_H = 7.4
load ARG0[1 : strlen(ARG0) - strlen('thought_relay.gp')].'style.gp'

# Panels in three rows of two.
LEFT_OF = "set lmargin at screen 0.085; set rmargin at screen 0.475"
RIGHT_OF = "set lmargin at screen 0.590; set rmargin at screen 0.980"
ROW1 = "set tmargin at screen 0.950; set bmargin at screen 0.735"
ROW2 = "set tmargin at screen 0.620; set bmargin at screen 0.405"
ROW3 = "set tmargin at screen 0.290; set bmargin at screen 0.075"

set multiplot
# ---- (a) against what is sent
@CURVES; @LEFT_OF; @ROW1
set label 1 heading('a', 'Recovered against sent') at screen 0.012, screen 0.977 font HEAD textcolor rgb INK
set xlabel 'bits sent {/:Italic m}' offset 0,0.4 textcolor rgb INK; set ylabel 'bits recovered' offset 0.6,0 textcolor rgb INK
set logscale xy 2; set xrange [1.8:180]; set yrange [1.4:1600]; set xtics 2; set ytics (2, 4, 8, 16, 32, 64)
set key at graph 0.02,0.99 left top @KEY font SMALL maxrows 4
array NAME[6] = ['{/:Italic d} = 16', '{/:Italic d} = 8', '{/:Italic d} = 4', '{/:Italic d} = 2', '{/:Italic K} = 256', '{/:Italic K} = 16']
plot x with lines lw 1.0 dt (2,3) lc rgb SOFT title 'all that is sent', \
     for [k=1:4] TABLES.'sent.tsv' using (column(1) == k ? column(3) : NaN):4 with lines lw 1.1 lc rgb COLOUR[k] notitle, \
     for [k=5:6] TABLES.'sent.tsv' using (column(1) == k ? column(3) : NaN):4 with lines lw 1.1 dt (5,3) lc rgb COLOUR[k] notitle, \
     for [k=1:6] TABLES.'sent.tsv' using (column(1) == k ? column(3) : NaN):4:5:6 with yerrorbars pt MARKER[k] ps 0.5 lw 1 lc rgb COLOUR[k] notitle, \
     for [k=1:4] keyentry with linespoints lw 1.1 pt MARKER[k] ps 0.5 lc rgb COLOUR[k] title NAME[k], \
     for [k=5:6] keyentry with linespoints lw 1.1 dt (5,3) pt MARKER[k] ps 0.5 lc rgb COLOUR[k] title NAME[k]

# ---- (b) against log2 K
@CURVES; @RIGHT_OF; @ROW1
set label 1 heading('b', 'One of {/:Italic K} codes, share of log_2 {/:Italic K}') at screen 0.515, screen 0.977 font HEAD textcolor rgb INK
set xlabel 'log_2 {/:Italic K}' offset 0,0.4 textcolor rgb INK; set ylabel 'recovered / log_2 {/:Italic K}' offset 0.6,0 textcolor rgb INK
set xrange [1.5:8.5]; set yrange [0.15:1.05]; set xtics 1; set ytics 0.2; set format y '%.1f'
set key at graph 0.02,0.02 left bottom @KEY font SMALL maxrows auto
set object 1 rect from graph 0, first 0.98 to graph 1, first 1 fc rgb SHADE fs solid 1.0 noborder behind
array WAY[5] = ['log_2 {/:Italic K} bits sent', '12 sent at once', '12 sent, log_2 {/:Italic K} of them first', 'Gumbel, log_2 {/:Italic K} bits sent', 'Gumbel, 12 sent at once']
plot 1 with lines lw 1.0 lc rgb INK title 'log_2 {/:Italic K}, and 2 % below it', \
     for [k=1:5] TABLES.'codes.tsv' using (column(1) == k ? column(4) + 0.09 * (k - 3) : NaN):(column(5)/column(4)):(column(6)/column(4)):(column(7)/column(4)) with yerrorbars pt MARKER[k] ps 0.5 lw 1 lc rgb COLOUR[k] title WAY[k]

# ---- (c) against d
@CURVES; @LEFT_OF; @ROW2
set label 1 heading('c', 'Continuous thoughts') at screen 0.012, screen 0.647 font HEAD textcolor rgb INK
set xlabel 'width {/:Italic d} of the thought' offset 0,0.4 textcolor rgb INK; set ylabel 'bits recovered' offset 0.6,0 textcolor rgb INK
set logscale xy 2; set xrange [0.85:40]; set yrange [0.7:800]; set xtics 2; set ytics 2
set key at graph 0.02,0.99 left top @KEY font SMALL
C = NaN; LOW = NaN; HIGH = NaN # where no line was fitted
stats TABLES.'slope.tsv' using (column(1) == 1 ? (C = column(2), LOW = column(3), HIGH = column(4), 1) : 1) nooutput
array READER[3] = ['linear reader', 'one hidden layer', 'two hidden layers']
plot TABLES.'fit.tsv' using 1:2 with lines lw 1.0 lc rgb INK title sprintf('fit, {/:Italic c} = %.2f (%.2f to %.2f) a number', C, LOW, HIGH), \
     for [k=3:1:-1] TABLES.'width.tsv' using (column(1) == k - 1 ? column(2) * 1.03 ** (k - 2) : NaN):4:5:6 with yerrorbars pt MARKER[k] ps 0.5 lw 1 lc rgb COLOUR[k] title READER[k], \
     x with lines lw 1.0 dt (2,3) lc rgb SOFT title '1 bit a number'

# ---- (d) noise
@CURVES; @RIGHT_OF; @ROW2
set label 1 heading('d', 'Noisy thoughts') at screen 0.515, screen 0.647 font HEAD textcolor rgb INK
set xlabel 'deviation of the noise' offset 0,0.4 textcolor rgb INK; set ylabel 'bits recovered' offset 0.6,0 textcolor rgb INK
set logscale xy; set xrange [0.02:4]; set yrange [0.3:64]; set xtics (0.03, 0.1, 0.3, 1, 3); set ytics (0.5, 1, 2, 4, 8, 16, 32, 64)
set key at graph 0.02,0.02 left bottom @KEY font SMALL
WIDE = 0
stats TABLES.'noise.tsv' using (column(1) > 8 ? (WIDE = 1, 1) : 1) nooutput
plot TABLES.'noise_line.tsv' using (column(1) == 8 ? column(2) : NaN):3 with lines lw 1.0 lc rgb COLOUR[1] title "Shannon's capacity, {/:Italic d} = 8", \
     TABLES.'noise.tsv' using (column(1) == 8 ? column(2) : NaN):5:6:7 with yerrorbars pt MARKER[1] ps 0.5 lw 1 lc rgb COLOUR[1] title 'recovered of 16 bits', \
     TABLES.'noise_line.tsv' using (column(1) == 32 ? column(2) : NaN):3 with lines lw 1.0 lc rgb COLOUR[2] title (WIDE ? '{/:Italic d} = 32' : ''), \
     TABLES.'noise.tsv' using (column(1) == 32 ? column(2) : NaN):5:6:7 with yerrorbars pt MARKER[2] ps 0.5 lw 1 lc rgb COLOUR[2] title (WIDE ? 'recovered of 64 bits' : '')

# ---- (e) few levels
@CURVES; @LEFT_OF; @ROW3
set label 1 heading('e', 'Few levels a number, {/:Italic d} = 8') at screen 0.012, screen 0.317 font HEAD textcolor rgb INK
set xlabel 'bits a number {/:Italic b}' offset 0,0.4 textcolor rgb INK; set ylabel 'bits recovered' offset 0.6,0 textcolor rgb INK
set xrange [0.6:4.4]; set yrange [0:34]; set xtics 1; set ytics 8
set key at graph 0.02,0.99 left top @KEY font SMALL
plot 8 * x with lines lw 1.0 lc rgb INK title '{/:Italic b d}', \
     TABLES.'levels.tsv' using (column(3) == 16 ? column(2) - 0.04 : NaN):5:6:7 with yerrorbars pt MARKER[1] ps 0.5 lw 1 lc rgb COLOUR[1] title '16 bits sent', \
     TABLES.'levels.tsv' using (column(3) == 32 ? column(2) + 0.04 : NaN):5:6:7 with yerrorbars pt MARKER[2] ps 0.5 lw 1 lc rgb COLOUR[2] title '32 bits sent'

# ---- (f) thoughts in a row
@CURVES; @RIGHT_OF; @ROW3
set label 1 heading('f', 'Thoughts in a row, 16 bits sent') at screen 0.515, screen 0.317 font HEAD textcolor rgb INK
set xlabel 'thoughts' offset 0,0.4 textcolor rgb INK; set ylabel 'bits recovered' offset 0.6,0 textcolor rgb INK
set xrange [0.7:4.3]; set yrange [-7:18]; set xtics 1; set ytics 0,4
set key at graph 0.99,0.02 right bottom @KEY font SMALL
plot TABLES.'row.tsv' using (column(1) == 1 ? column(3) : NaN):8 with lines lw 1.0 lc rgb COLOUR[1] notitle, \
     TABLES.'row.tsv' using (column(1) == 2 ? column(3) : NaN):8 with lines lw 1.0 dt (5,3) lc rgb COLOUR[2] notitle, \
     TABLES.'row.tsv' using (column(1) == 1 ? column(3) : NaN):4:5:6 with yerrorbars pt MARKER[1] ps 0.55 lw 1 lc rgb COLOUR[1] notitle, \
     TABLES.'row.tsv' using (column(1) == 2 ? column(3) : NaN):4:5:6 with yerrorbars pt MARKER[2] ps 0.55 lw 1 lc rgb COLOUR[2] notitle, \
     keyentry with linespoints lw 1.0 pt MARKER[1] ps 0.55 lc rgb COLOUR[1] title '{/:Italic K} = 16; line: 4 bits each', \
     keyentry with linespoints lw 1.0 dt (5,3) pt MARKER[2] ps 0.55 lc rgb COLOUR[2] title '{/:Italic d} = 4; line: {/:Italic n} times one, at most 16'
unset multiplot
