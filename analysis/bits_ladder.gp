# Bits of one thought of d numbers, from 16 d down to what is used: in all, and a number.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
PAGE_H = 4.3
load ARG0[1 : strlen(ARG0) - strlen('bits_ladder.gp')].'style.gp'

array OPEN[4] = [6, 4, 8, 12]
array NAME[4] = ['learned: relay, hidden layer', 'reader-limited: linear reader', 'used: relay of {/:Italic d} bits', 'used: circuit evaluator']
measured(k) = sprintf("(column(1) == %d && strcol(9) eq 'measured' ? column(3) : NaN)", k)
TOP = "set tmargin at screen 0.925; set bmargin at screen 0.300"

set multiplot
do for [panel = 0:1] {
  @CURVES; @TOP
  per(d) = panel == 0 ? 1.0 : 1.0 / d
  if (panel == 0) { set lmargin at screen 0.090; set rmargin at screen 0.475 } else { set lmargin at screen 0.590; set rmargin at screen 0.980 }
  set label 1 (panel == 0 ? heading('a', 'Bits of one thought') : heading('b', 'Bits a number')) at screen (panel == 0 ? 0.012 : 0.515), screen 0.965 font HEAD textcolor rgb INK
  set xlabel 'width {/:Italic d} of the thought' offset 0,0.4 textcolor rgb INK
  if (panel == 1) { set ylabel 'bits / {/:Italic d}' offset 0.8,0 textcolor rgb INK } else { unset ylabel }
  set logscale xy 2; set xrange [13:5000]; set xtics (16, 32, 64, 128, 256, '' 512, '1024' 1024, '' 2048, 4096)
  if (panel == 0) {
    set yrange [8:150000]; set ytics ('16' 16, '64' 64, '256' 256, '1 024' 1024, '4 096' 4096, '16 384' 16384, '65 536' 65536)
    set key at screen 0.5, screen 0.090 center center @KEY font SMALL maxrows 4
  } else {
    set yrange [0.003:24]; set ytics ('16' 16, '8' 8, '4' 4, '2' 2, '1' 1, '1/2' 0.5, '1/4' 0.25, '1/16' 0.0625, '1/64' 0.015625, '1/256' 0.00390625)
    unset key
  }
  plot TABLES.'lines.tsv' using 1:($2 * per($1)) with lines lw 1.2 lc rgb INK title 'nominal: 16 {/:Italic d}', \
       TABLES.'lines.tsv' using 1:($3 * per($1)):($4 * per($1)) with filledcurves fc rgb COLOUR[5] fs transparent solid 0.35 noborder title 'representable: normalised, bf16', \
       TABLES.'lines.tsv' using 1:($8 * per($1)) with lines lw 1.2 dt (7,3) lc rgb COLOUR[6] title 'noise-limited: rounding of bf16 as noise', \
       TABLES.'lines.tsv' using 1:($9 * per($1)) with lines lw 1.2 dt (2,2) lc rgb SOFT title 'one token: log_2 32 000 = 15 bits', \
       for [k=1:2] TABLES.'far.tsv' using (column(1) == k ? column(2) : NaN):(column(3) * per(column(2))) with lines lw 0.8 dt (4,4) lc rgb COLOUR[k] notitle, \
       for [k=1:4] TABLES.'marks.tsv' using (column(1) == k && strcol(9) eq 'measured' ? column(3) * 1.05 ** (k - 2) : NaN):(column(4) * per(column(3))):(column(5) * per(column(3))):(column(6) * per(column(3))) with yerrorbars pt MARKER[k] ps 0.55 lw 1 lc rgb COLOUR[k] title NAME[k], \
       for [k=1:2] TABLES.'marks.tsv' using (column(1) == k && strcol(9) eq 'extrapolated' ? column(3) : NaN):(column(4) * per(column(3))) with points pt OPEN[k] ps 0.75 lw 1.2 lc rgb COLOUR[k] notitle
}
unset multiplot
