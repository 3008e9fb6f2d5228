# Scores against the number of loops, within the training and far beyond: circuits of three depths, two languages, and what is lost.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
PAGE_H = 5.2
load ARG0[1 : strlen(ARG0) - strlen('loop_extrapolation.gp')].'style.gp'

stats TABLES.'names.tsv' every ::0::0 using (most = column(1), easy = column(2), serial = column(3), base0 = column(4), base1 = column(5), base2 = column(6), base3 = column(7), base4 = column(8), 0) nooutput
array BASE[5] = [base0, base1, base2, base3, base4]
array TITLE[6] = ['Circuits as in training', 'Twice as deep', 'Four times as deep', sprintf('%g blocks (easy)', easy), sprintf('%g blocks (serial)', serial), 'Lost by the most loops']
SERIES = ''; series = 0
stats TABLES.'series.tsv' using (SERIES = SERIES.' '.strcol(1), series = series + 1, 0) nooutput
array TASK[3] = ['circuits', 'easy', 'serial']
array TASK_INK[3] = [COLOUR[1], COLOUR[3], COLOUR[2]]
array TASK_MARK[3] = [7, 9, 5]
X(panel) = 0.096 + 0.322 * (panel % 3)
Y(panel) = panel < 3 ? 0.935 : 0.445
stats TABLES.'losses.tsv' using 1 name 'PLACE' nooutput
set multiplot
do for [panel = 0:4] {
  @CURVES
  set lmargin at screen X(panel); set rmargin at screen X(panel) + 0.243; set tmargin at screen Y(panel); set bmargin at screen Y(panel) - 0.335
  set label 1 heading(substr("abcde", panel + 1, panel + 1), TITLE[panel + 1]) at screen X(panel) - 0.070, screen Y(panel) + 0.033 font HEAD textcolor rgb INK
  set logscale x 2; set xrange [0.9 : most * 1.12]; set yrange [-0.03 : 1.06]; set ytics 0.2; set format y '%.1f'
  set xlabel 'loops' offset 0,0.5 textcolor rgb INK
  unset ylabel; if (panel % 3 == 0) { set label 2 (panel == 0 ? 'last level right' : 'strings right') at screen X(panel) - 0.066, screen Y(panel) - 0.168 center rotate by 90 textcolor rgb INK }
  if (panel == 0) { set key at graph 0.99,0.02 right bottom @KEY font SMALL title 'loops in training' font SMALL } else { unset key }
  plot BASE[panel + 1] with lines lw 1.0 dt (5,4) lc rgb SOFT notitle, \
       for [k=1:series] TABLES.'curves.tsv' using (column(1) == panel && column(2) == k ? column(3) : NaN):5:6 with filledcurves fc rgb COLOUR[k] fs transparent solid 0.13 noborder notitle, \
       TABLES.'curves.tsv' using (column(1) == panel && column(2) == 0 ? column(3) : NaN):4 with lines lw 1.4 lc rgb INK notitle, \
       for [k=1:series] TABLES.'curves.tsv' using (column(1) == panel && column(2) == k ? column(3) : NaN):4 with lines lw 1.2 lc rgb COLOUR[k] notitle, \
       for [k=1:series] TABLES.'curves.tsv' using (column(1) == panel && column(2) == k ? column(3) : NaN):7 with points pt MARKER[k] ps 0.55 lc rgb COLOUR[k] notitle, \
       for [k=1:series] keyentry with linespoints lw 1.2 pt MARKER[k] ps 0.55 lc rgb COLOUR[k] title word(SERIES, k), \
       keyentry with lines lw 1.4 lc rgb INK title 'constructed'
}
@CURVES
set lmargin at screen X(5); set rmargin at screen X(5) + 0.243; set tmargin at screen Y(5); set bmargin at screen Y(5) - 0.285
set label 1 heading('f', TITLE[6]) at screen X(5) - 0.070, screen Y(5) + 0.033 font HEAD textcolor rgb INK
set yrange [-0.28 : 1.34]; set ytics -0.2,0.2,1.0; set format y '%.1f'
set xtics rotate by 90 right font SMALL
set xrange [0.4 : PLACE_max + 0.6]
set key at graph 1.0,1.0 right top samplen 0.4 spacing 1.0 width -1 textcolor rgb INK noopaque Left reverse font SMALL title '' horizontal maxrows 1
set key notitle
unset xlabel; set grid noxtics
plot 0.05 with lines lw 1.0 dt (1,3) lc rgb SOFT notitle, \
     for [k=0:2] TABLES.'losses.tsv' using (column(4) == k ? column(1) + 0.24 * (k - 1) : NaN):2 with points pt TASK_MARK[k + 1] ps 0.32 lc rgb TASK_INK[k + 1] notitle, \
     for [k=0:2] TABLES.'losses.tsv' using (column(4) == k ? column(1) + 0.24 * (k - 1) : NaN):3:(0.11) with xerrorbars pt -1 lw 1.6 lc rgb TASK_INK[k + 1] notitle, \
     TABLES.'losses.tsv' using 1:(NaN):xtic(5) with points notitle, \
     for [k=1:3] keyentry with points pt TASK_MARK[k] ps 0.5 lc rgb TASK_INK[k] title TASK[k]
unset multiplot
